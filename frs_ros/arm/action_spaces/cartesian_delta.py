# SPDX-License-Identifier: Apache-2.0
"""Steps of the tool along the base axes, as in LIBERO."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.base import checked
from frs_ros.arm.differential_ik import joint_motion, shortened
from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.limits import JOINTS

STEP = 0.05  # m of full command, robosuite's OSC_POSE (output_max)
TURN = 0.5  # rad of full command


class CartesianDelta:
    """target = measured + J^+ step, shortened to at most `MAX_STEP` of any joint.

    The action is x, y, z, then a rotation as axis-angle, both along the base axes and clipped to
    [-1, 1] as in robosuite, then the gripper, -1 open .. +1 closed. The joint step is the tangent
    of the tool's straight way: an arm that follows softly, and has gone only a part of a step when
    the next one begins, then moves in the direction it should.
    """

    action_dim = 7
    integrates = False

    def __init__(self, kinematics: Kinematics) -> None:
        self._kinematics = kinematics

    def target(self, action: np.ndarray, measured: np.ndarray, period: float) -> np.ndarray:
        """See `ActionSpaceExecutor.target`; the period does not matter."""
        del period
        command = np.clip(checked('action', action, self.action_dim), -1, 1)
        q = checked('joints', measured, JOINTS)
        twist = np.concatenate([STEP * command[:3], TURN * command[3:6]])
        step = joint_motion(self._kinematics.jacobian(q), twist)
        return np.asarray(q + shortened(step))

    def gripper(self, action: np.ndarray) -> bool:
        """Whether the action wants the gripper closed."""
        return bool(checked('action', action, self.action_dim)[6] > 0)
