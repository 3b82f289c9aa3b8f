# SPDX-License-Identifier: Apache-2.0
"""The fault that a state of the arm reveals."""

from __future__ import annotations

from collections.abc import Sequence

from frs_ros.robot.base import ArmState, Fault, FaultKind, RobotMode

USER_STOP = 'the stop button is pressed or the arm is led by hand; release it, then recover'
SILENT = 'the robot is silent; check cable, power and control box, then recover'
MISSED = (
    'the robot missed our packets (communication_constraints_violation); look for load on this '
    'computer and on the network, then recover'
)


def revealed(state: ArmState, now: float) -> Fault | None:
    """What is wrong with the robot by its own words, None if nothing.

    Args:
        state: As read.
        now: Driver's clock, for the fault's time.
    """
    if state.mode in (RobotMode.USER_STOPPED, RobotMode.GUIDING):
        return Fault(FaultKind.USER_STOP, USER_STOP, state.errors, now)
    if state.errors or state.mode is RobotMode.REFLEX:
        return by_errors(state.errors, now)
    return None


def by_errors(errors: Sequence[str], now: float) -> Fault:
    """The fault behind the robot's own names of its errors."""
    names = tuple(errors)
    if 'communication_constraints_violation' in names:
        return Fault(FaultKind.COMMUNICATION, MISSED, names, now)
    listed = ', '.join(names) or 'it does not say why'
    text = f'the robot stopped itself ({listed}); look for the reason, then recover'
    return Fault(FaultKind.REFLEX, text, names, now)
