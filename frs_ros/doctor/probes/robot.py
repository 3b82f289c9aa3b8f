# SPDX-License-Identifier: Apache-2.0
"""Connects to a robot as its driver does, reads the state once, and moves nothing.

Connecting alone sets the robot's collision thresholds to franky's defaults (20 Nm, 30 N).
"""

from __future__ import annotations

from typing import Any


def look(address: str, seconds: str) -> dict[str, Any]:
    """Mode, errors and hand of the robot at an address.

    Args:
        address: Of its FCI.
        seconds: Time limit of the attempt to connect.
    """
    from frs_ros.robot.franky.connect import Options, connect, load_franky
    from frs_ros.robot.franky.state import error_names

    # The kernel is a finding of its own; to read needs no real-time one.
    options = Options(address, allow_non_realtime=True)
    connection = connect(load_franky(), options, float(seconds))
    state = connection.robot.state
    return {
        'mode': state.robot_mode.name,
        'errors': list(error_names(state.current_errors)),
        'gripper': connection.gripper_width,
        'gripper_line': connection.gripper_line,
    }
