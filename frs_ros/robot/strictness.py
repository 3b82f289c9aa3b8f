# SPDX-License-Identifier: Apache-2.0
"""The limits of the kinematic simulation: stricter than the robot's, to test who commands it."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.robot.base import ControlMode, JointCommand

MARGIN = 0.05  # rad, inside the ends of each joint's range
SHARE = 0.8  # of the model's velocities and accelerations
AHEAD = 0.4  # rad, of a position reference before the measured position
# Commands that arrive closer to each other count as this far apart, s: the sender's loop computes
# with its own intervals, and the way here jitters.
INTERVAL = 0.02


def violation(
    limits: JointLimits,
    mode: ControlMode,
    command: JointCommand,
    previous: JointCommand,
    measured: np.ndarray,
    interval: float,
) -> str:
    """Returns the robot's name for what is wrong with a command, '' if nothing.

    Args:
        limits: The model's.
        mode: In IMPEDANCE both references count, in VELOCITY the velocity and where the arm is.
        command: Finite, as from `checks.checked`.
        previous: What was in force until now.
        measured: [7] rad.
        interval: s since the command before.
    """
    interval = max(interval, INTERVAL)
    soft = mode is ControlMode.IMPEDANCE
    position, direction = (command.q, command.q - previous.q) if soft else (measured, command.dq)
    if _leaving(limits, position, direction):
        return 'joint_motion_generator_position_limits_violation'
    if (np.abs(command.dq) > SHARE * limits.velocity).any():
        return 'joint_motion_generator_velocity_limits_violation'
    jump = np.abs(command.dq - previous.dq)
    if (jump > SHARE * limits.acceleration * interval).any():
        return 'joint_motion_generator_acceleration_discontinuity'
    if soft:
        step = np.abs(command.q - previous.q)
        far = np.abs(command.q - measured) > AHEAD
        if (step > SHARE * limits.velocity * interval).any() or far.any():
            return 'joint_motion_generator_velocity_discontinuity'
    return ''


def _leaving(limits: JointLimits, q: np.ndarray, direction: np.ndarray) -> bool:
    """Whether a joint is beyond its range and on the way further out."""
    above = (q > limits.high - MARGIN) & (direction > 0)
    below = (q < limits.low + MARGIN) & (direction < 0)
    return bool((above | below).any())
