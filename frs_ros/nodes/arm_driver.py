# SPDX-License-Identifier: Apache-2.0
"""The robot driver that the controller's parameters ask for."""

from __future__ import annotations

import time

from rclpy.node import Node

from frs_ros.messages.guidance import BASE
from frs_ros.nodes.parameters.franka_controller import FrankaControllerParameters
from frs_ros.robot.assembly import driver_for
from frs_ros.robot.base import RobotDriver
from frs_ros.robot.settings import CellSettings
from frs_ros.robot.topics.options import Options, joint_names
from frs_ros.ros.arm_gripper import NONE, GripperSettings
from frs_ros.ros.arm_topics import ArmTopics, RosTransport

TOPICS = 'topics'


def make_driver(node: Node, p: FrankaControllerParameters, cell: CellSettings) -> RobotDriver:
    """A driver that is not connected; ConfigError if the parameters do not fit together."""
    topics = _topics(node, p, cell) if p.driver == TOPICS else None
    return driver_for(
        p.driver,
        cell,
        address=p.address,
        allow_non_realtime=p.allow_non_realtime,
        clock=time.monotonic,
        topics=topics,
    )


def _topics(
    node: Node, p: FrankaControllerParameters, cell: CellSettings
) -> tuple[Options, RosTransport]:
    names = joint_names(p.joints, cell.model.name)
    fingers = tuple(name.strip() for name in p.gripper_joints.split(',') if name.strip())
    options = Options(
        joints=names,
        command=p.command,
        deceleration=cell.speeds.acceleration,
        smoothing=p.smoothing,
        wrench=bool(p.wrench_topic),
        torques=bool(p.torque_topic),
        gripper=p.gripper != NONE,
        fingers=fingers,
        finger_open=p.gripper_open,
        finger_closed=p.gripper_closed,
        gripper_width=p.gripper_width,
    )
    gripper = GripperSettings(
        p.gripper,
        p.gripper_topic,
        fingers,
        p.gripper_open,
        p.gripper_closed,
        cell.gripper.force,
    )
    topics = ArmTopics(
        joints=names,
        command=p.command,
        command_topic=p.command_topic,
        posture_topic=p.posture_topic,
        pose_topic=p.pose_topic,
        state_topic=p.state_topic,
        gripper_state_topic=p.gripper_state_topic,
        wrench_topic=p.wrench_topic,
        torque_topic=p.torque_topic,
        frame=p.base_frame or p.frame_prefix + BASE,
        trajectory_time=p.trajectory_time,
        gripper=gripper,
    )
    return options, RosTransport(node, topics)
