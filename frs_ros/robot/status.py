# SPDX-License-Identifier: Apache-2.0
"""What an operator is shown of the controller."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.robot.cell_state import CellState


@dataclass(frozen=True)
class Status:
    """See msg/SafetyStatus.msg, and two lines of text besides.

    Attributes:
        refusal: Why the last chunk was refused, '' if the last one was taken.
        gripper: What is wrong with the gripper, '' if nothing.
    """

    state: CellState
    reason: str
    resume: str
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
