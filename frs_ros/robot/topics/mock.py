# SPDX-License-Identifier: Apache-2.0
"""The other end of the topics as arithmetic: an arm with a controller of one of four kinds."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.differential_ik import difference, joint_motion
from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.limits import JointLimits
from frs_ros.arm.models import ArmModel
from frs_ros.robot.plant import GripperPlant
from frs_ros.robot.topics.transport import FORWARD, TARGET_POSE, TRAJECTORY, Target

STIFF, SOFT = 0.03, 0.1  # s by which joints lag: position drives, an impedance controller
POSTURE = 0.2  # s, of the joints that a pose leaves free
FINGER = 0.04  # m, of each of the two fingers when open


class MockArm:
    """Seven joints and two fingers that follow as one kind of controller makes them.

    forward: set-points go to the drives as they are. target_joint: a soft spring. trajectory: from
    the present set-point to the point, linearly in its time, as the joint_trajectory_controller
    does with positions alone. target_pose: a spring at the tool, and a weak one of the joints.

    Attributes:
        q: [7] rad.
        dq: [7] rad/s.
        active: Whether the controller is; an inactive one hears commands and drops them.
        taken: Number of targets taken.
    """

    def __init__(self, command: str, model: ArmModel, kinematics: Kinematics) -> None:
        """Stands at the model's home; `command` is one of `transport.COMMANDS`."""
        self._command, self._kinematics = command, kinematics
        self._limits: JointLimits = model.limits
        self.q, self.dq = np.array(model.home), np.zeros(7)
        self.active, self.taken = True, 0
        self._set_point = self.q.copy()
        self._way: tuple[np.ndarray, float] | None = None  # goal and time left, of a trajectory
        self._pose: np.ndarray | None = None
        self._fingers = GripperPlant(2 * FINGER)

    @property
    def pose(self) -> np.ndarray:
        """[4, 4] of the tool centre point."""
        return self._kinematics.pose(self.q)

    @property
    def finger(self) -> float:
        """Position of either finger, m."""
        return self._fingers.width / 2

    def take(self, target: Target, seconds: float = 0.0) -> None:
        """Takes a command; `seconds` is the time of a trajectory's point."""
        if not self.active:
            return
        self.taken += 1
        if self._command == TRAJECTORY:
            self._way = (target.q, max(seconds, 1e-3))
        else:
            self._set_point = target.q
            self._pose = target.pose

    def gripper(self, closed: bool) -> None:
        """Sends the fingers."""
        self._fingers.go(closed)

    def step(self, dt: float) -> None:
        """Lets `dt` s pass."""
        if self._way is not None:
            goal, left = self._way
            self._set_point = self._set_point + (goal - self._set_point) * min(dt / left, 1.0)
            self._way = (goal, left - dt) if left > dt else None
        limits, wanted = self._limits, self._wanted()
        wanted = np.clip(wanted, -limits.velocity, limits.velocity)
        gain = limits.acceleration * dt
        self.dq = self.dq + np.clip(wanted - self.dq, -gain, gain)
        self.q = self.q + dt * self.dq
        self._fingers.step(dt, stuck=False)

    def _wanted(self) -> np.ndarray:
        """[7] rad/s."""
        if self._command != TARGET_POSE:
            lag = STIFF if self._command in (FORWARD, TRAJECTORY) else SOFT
            return np.asarray((self._set_point - self.q) / lag)
        free = np.asarray((self._set_point - self.q) / POSTURE)
        if self._pose is None:
            return free
        jacobian = self._kinematics.jacobian(self.q)
        twist = difference(self.pose, self._pose) / SOFT
        return np.asarray(free + joint_motion(jacobian, twist - jacobian @ free))
