# SPDX-License-Identifier: Apache-2.0
"""Node `mock_controller`: an arm with one controller of ros2_control's kind, as arithmetic."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.limits import JOINTS
from frs_ros.nodes import topics
from frs_ros.nodes.config_files import cell_file
from frs_ros.nodes.parameters.mock_controller import MockControllerParameters
from frs_ros.robot.settings import read_cell
from frs_ros.robot.topics.mock import FINGER, MockArm
from frs_ros.robot.topics.options import joint_names
from frs_ros.robot.topics.transport import (
    FORWARD,
    TARGET_JOINT,
    TARGET_POSE,
    TRAJECTORY,
    Target,
)
from frs_ros.ros import qos, spin
from frs_ros.ros.arm_commands import TOPICS, outlets
from frs_ros.ros.arm_gripper import NAMES, TOPIC
from frs_ros.ros.arm_topics import matrix_of
from frs_ros.ros.parameters import declare

STEPS = 5  # of the arm, per message about it
LONGEST = 0.1  # s that are made up for when the process had to wait


class MockController(Node):
    """Takes one kind of command on its usual topic, and publishes `joint_states`.

    For trying the driver `topics` without an arm. The semantics are those of the
    forward_command_controller, the joint_trajectory_controller and crisp_controllers as far as a
    stream of single targets needs them. It also publishes `current_pose`, and takes positions of
    the fingers on `gripper_position_controller/commands`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            'mock_controller', automatically_declare_parameters_from_overrides=True, **options
        )
        p = declare(self, MockControllerParameters)
        model = read_cell(cell_file(p.robot)).model
        self._names = joint_names('', model.name)
        self._fingers = [f'{model.name}_finger_joint{i + 1}' for i in range(2)]
        self.arm = MockArm(p.command, model, PinocchioKinematics.of_model(model))
        self._posture = np.array(self.arm.q)
        self._states = self.create_publisher(JointState, topics.JOINT_STATES, qos.STATE)
        self._poses = self.create_publisher(PoseStamped, 'current_pose', qos.STATE)
        self._listen(p.command)
        self.create_subscription(Float64MultiArray, NAMES[TOPIC], self._on_gripper, qos.COMMAND)
        self._stepped = time.monotonic()
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / p.rate, self._on_period, clock=steady)

    def _listen(self, command: str) -> None:
        take: dict[str, Any] = {
            FORWARD: self._on_forward,
            TARGET_JOINT: self._on_joints,
            TRAJECTORY: self._on_trajectory,
            TARGET_POSE: self._on_pose,
        }
        outlet, *_ = outlets(command, '', self._names, seconds=0.0, frame='', posture_topic='')
        self.create_subscription(outlet.kind, TOPICS[command], take[command], qos.COMMAND)
        if command == TARGET_POSE:
            self.create_subscription(
                JointState, TOPICS[TARGET_JOINT], self._on_posture, qos.COMMAND
            )

    # ---- commands ------------------------------------------------------------------------------

    def _on_forward(self, msg: Float64MultiArray) -> None:
        """As the forward_command_controller: NaN is dropped, a wrong number ends it."""
        if len(msg.data) != JOINTS:
            self.get_logger().error(f'{len(msg.data)} values, not {JOINTS}: deactivated')
            self.arm.active = False
        else:
            self._take(np.array(msg.data))

    def _on_joints(self, msg: JointState) -> None:
        """As crisp_controllers: by order, whatever the names."""
        self._take(np.array(msg.position))

    def _on_trajectory(self, msg: Any) -> None:
        """As the joint_trajectory_controller: by name, and not without all of them."""
        if sorted(msg.joint_names) != sorted(self._names) or len(msg.points) != 1:
            self.get_logger().error('not a trajectory of one point of all joints: dropped')
            return
        positions = dict(zip(msg.joint_names, msg.points[0].positions))
        reach = msg.points[0].time_from_start
        q = np.array([positions.get(name, np.nan) for name in self._names])
        self._take(q, reach.sec + 1e-9 * reach.nanosec)

    def _on_pose(self, msg: PoseStamped) -> None:
        pose = matrix_of(msg.pose)
        if np.isfinite(pose).all():
            self.arm.take(Target(self._posture, pose))

    def _on_posture(self, msg: JointState) -> None:
        q = np.array(msg.position)
        if q.shape == (JOINTS,) and np.isfinite(q).all():
            self._posture = q

    def _on_gripper(self, msg: Float64MultiArray) -> None:
        if len(msg.data):
            self.arm.gripper(msg.data[0] < FINGER / 2)

    def _take(self, q: np.ndarray, seconds: float = 0.0) -> None:
        if q.shape == (JOINTS,) and np.isfinite(q).all():
            self.arm.take(Target(q), seconds)

    # ---- states --------------------------------------------------------------------------------

    def _on_period(self) -> None:
        now = time.monotonic()
        passed, self._stepped = min(now - self._stepped, LONGEST), now
        for _ in range(STEPS):
            self.arm.step(passed / STEPS)
        msg = JointState(name=[*self._names, *self._fingers])
        msg.header.stamp = self.get_clock().now().to_msg()
        msg.position = [*self.arm.q.tolist(), *[self.arm.finger] * 2]
        msg.velocity = [*self.arm.dq.tolist(), 0.0, 0.0]
        self._states.publish(msg)
        self._poses.publish(self._pose(msg.header.stamp))

    def _pose(self, stamp: Any) -> PoseStamped:
        """Of the tool, as another node of crisp_controllers says."""
        (outlet,) = outlets(
            TARGET_POSE, '', self._names, seconds=0.0, frame='base', posture_topic=''
        )
        return outlet.message(Target(self.arm.q, self.arm.pose), stamp)


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(MockController, args)


if __name__ == '__main__':
    sys.exit(main())
