# SPDX-License-Identifier: Apache-2.0
"""The last guard before a robot that takes what it is sent: far references end without a ramp.

This is no safety envelope. franky loses control of the arm over such numbers, and a controller of
ros2_control may follow them in one step.
"""

from __future__ import annotations

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.robot.base import ControlMode, JointCommand

AHEAD = 0.5  # rad, of a position reference before the measured position


def refusal(
    mode: ControlMode, command: JointCommand, measured: np.ndarray, limits: JointLimits
) -> str:
    """Why a finite command must not be sent, '' if it may.

    Args:
        mode: In force.
        command: Finite, as from `checks.checked`.
        measured: [7] rad.
        limits: In force in the robot.
    """
    if mode is ControlMode.VELOCITY:
        fast = np.abs(command.dq) > limits.velocity
        if fast.any():
            joint = int(np.argmax(fast))
            return f'joint {joint + 1} would move at {command.dq[joint]:.2f} rad/s'
        return ''
    far = np.abs(command.q - measured) > AHEAD
    if far.any():
        joint = int(np.argmax(far))
        gap = command.q[joint] - measured[joint]
        return f'joint {joint + 1} would be pulled {gap:.2f} rad away'
    return ''
