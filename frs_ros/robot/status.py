# SPDX-License-Identifier: Apache-2.0
"""What an operator is shown of the controller."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.robot.base import ArmState
from frs_ros.robot.cell_state import CellState, CellStateMachine
from frs_ros.robot.motion import Motion
from frs_ros.robot.plans import Plans


@dataclass(frozen=True)
class Status:
    """See msg/SafetyStatus.msg, and two lines of text besides.

    Attributes:
        wanted: Whether the operator wanted the state, such as a stop.
        refusal: Why the last chunk was refused, '' if the last one was taken.
        gripper: What is wrong with the gripper, '' if nothing.
    """

    state: CellState
    reason: str
    resume: str
    wanted: bool
    fault: str
    clipped_by: tuple[str, ...]
    commands: int
    clipped: int
    chunks: int
    refused: int
    holds: int
    stops: int
    request_id: int
    chunk_to_command: float
    command_success_rate: float
    refusal: str
    gripper: str


def status_of(
    machine: CellStateMachine,
    motion: Motion,
    plans: Plans,
    arm: ArmState,
    chunk_to_command: float,
) -> Status:
    """What the parts of a controller show, with the time (s) of its newest chunk to a command."""
    return Status(
        state=machine.state,
        reason=machine.reason,
        resume=machine.resume_hint,
        wanted=machine.wanted,
        fault='' if machine.fault is None else machine.fault.kind.value,
        clipped_by=motion.clipped_by,
        commands=motion.commands,
        clipped=motion.clipped,
        chunks=plans.chunks,
        refused=plans.refused,
        holds=machine.holds,
        stops=machine.stops,
        request_id=plans.newest,
        chunk_to_command=chunk_to_command,
        command_success_rate=arm.success_rate,
        refusal=plans.refusal,
        gripper=arm.gripper_line,
    )
