# SPDX-License-Identifier: Apache-2.0
"""Whether an arm can come to rest without breaking a limit on its way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from frs_ros.robot.kinematics import Kinematics
from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.joint_margin import JointMargin
from frs_ros.safety.joint_velocity import JointVelocityLimit
from frs_ros.safety.jump import JumpLimit
from frs_ros.safety.reference import Reference
from frs_ros.safety.tool_speed import ToolSpeedLimit
from frs_ros.safety.workspace import WorkspaceLimit

_SPACING = 0.03  # rad between the points of a stopping path that are looked at
_MOST_POINTS = 12


@dataclass(frozen=True)
class StoppingCheck:
    """Looks at the straight line in joint space on which an arm brakes; see `AccelerationLimit`.

    Joint limits are checked in closed form for the whole line, tool limits at points of it.

    Attributes:
        kinematics: Of the robot with its tool.
        acceleration: With which it brakes.
        joint_velocity: Limit to keep.
        joint_margin: Limit to keep.
        jump: Limit to keep.
        tool_speed: Limit to keep.
        workspace: Limit to keep.
    """

    kinematics: Kinematics
    acceleration: AccelerationLimit
    joint_velocity: JointVelocityLimit
    joint_margin: JointMargin
    jump: JumpLimit
    tool_speed: ToolSpeedLimit
    workspace: WorkspaceLimit

    def broken(
        self, start: np.ndarray, position: np.ndarray, measured: np.ndarray, then: Reference
    ) -> str:
        """Name of the limit that breaks on the way from `start` over `then` to rest, or ''.

        Args:
            start: [7] rad, where the reference is now.
            position: [3] m, where the tool is then.
            measured: [7] rad, where the arm is.
            then: Where the reference would be, and its velocity since `start`.
        """
        stop_time = self.acceleration.stop_time(then.dq)
        end = then.q + then.dq * (stop_time / 2)
        if not self.joint_margin.holds(start, end):
            return 'joint_margin'
        if not self.jump.holds(start, measured, end):
            return 'jump'
        if not self.joint_velocity.holds(then.q, then.dq, stop_time):
            return 'velocity'
        return self._broken_by_tool(position, then, stop_time) if stop_time > 0 else ''

    def _broken_by_tool(self, position: np.ndarray, then: Reference, stop_time: float) -> str:
        if not self.tool_speed.holds(then.dq, self.kinematics.jacobian(then.q)):
            return 'tool_speed'
        travel = then.dq * (stop_time / 2)
        parts = min(_MOST_POINTS, math.ceil(float(np.abs(travel).max()) / _SPACING))
        share = np.arange(parts + 1) / parts  # of the way
        poses = np.array([self.kinematics.pose(then.q + s * travel) for s in share])
        if not self.workspace.holds_along(np.vstack([position, poses[:, :3, 3]])):
            return 'workspace'
        # At the share s of the way the speed has fallen to sqrt(1 - s) of the present one.
        speed = np.sqrt(1 - (share[1:] + share[:-1]) / 2)
        if not self.tool_speed.holds_along(poses, stop_time / (2 * parts) / speed):
            return 'tool_speed'
        return ''
