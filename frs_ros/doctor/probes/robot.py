# SPDX-License-Identifier: Apache-2.0
"""Connects to a robot as its driver does, reads the state once, and moves nothing."""

from __future__ import annotations

from typing import Any


def look(address: str, seconds: str) -> dict[str, Any]:
    """Mode and errors of the robot at an address.

    Args:
        address: Of its FCI.
        seconds: Time limit of the attempt to connect.
    """
    import franky

    from frs_ros.robot.base import RobotError
    from frs_ros.robot.franky.bounded import within
    from frs_ros.robot.franky.faults import unconnected

    def connect() -> Any:
        # The kernel is a finding of its own; reading needs no real-time one.
        return franky.Robot(address, realtime_config=franky.RealtimeConfig.Ignore)

    try:
        robot = within(float(seconds), connect)
    except Exception as error:  # of the library, of many types
        raise RobotError(unconnected(franky, error, address, 0.0)) from error
    state = robot.state
    mode = str(state.robot_mode).rpartition('.')[2]
    errors = state.current_errors
    names = [n for n in dir(errors) if not n.startswith('_') and getattr(errors, n) is True]
    return {'mode': mode, 'errors': names}
