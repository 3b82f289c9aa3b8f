# SPDX-License-Identifier: Apache-2.0
"""The topics of an arm with controllers of its own; see `robot.topics.transport.Transport`."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState

from frs_ros.errors import ConfigError, DataError
from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.robot.topics.transport import (
    TARGET_POSE,
    ArraySample,
    Audience,
    JointSample,
    Target,
    TransportError,
)
from frs_ros.ros import qos
from frs_ros.ros.arm_commands import Outlet, outlets
from frs_ros.ros.arm_gripper import GripperSettings, NoGripper, make_gripper
from frs_ros.ros.controller_joints import ControllerJoints
from frs_ros.ros.message_info import arrival, node_of
from frs_ros.ros.polled import PolledSubscription
from frs_ros.ros.serialised import message_of

OWN_TOOLS = '_'  # nodes of command-line tools begin so; that they listen means nothing


@dataclass(frozen=True)
class ArmTopics:
    """Names of topics, relative or not; '' where there is none or the usual one is meant.

    Attributes:
        joints: Names of the seven joints.
        command: One of `transport.COMMANDS`.
        command_topic: Where the controller listens.
        posture_topic: Where joints go that a pose leaves free.
        pose_topic: Where the controller says where its tool is.
        state_topic: Joint states.
        gripper_state_topic: Those of the fingers, if they are elsewhere.
        wrench_topic: External wrench, WrenchStamped.
        torque_topic: External joint torques, efforts of a JointState.
        frame: Base of the arm.
        trajectory_time: s in which the point of a trajectory is to be reached.
        gripper: How the fingers are told.
    """

    joints: tuple[str, ...]
    command: str
    command_topic: str = ''
    posture_topic: str = 'target_joint'
    pose_topic: str = 'current_pose'
    state_topic: str = 'joint_states'
    gripper_state_topic: str = ''
    wrench_topic: str = ''
    torque_topic: str = ''
    frame: str = 'base'
    trajectory_time: float = 0.1
    gripper: GripperSettings = field(default_factory=GripperSettings)


class RosTransport:
    """See `Transport`. What comes is taken from the middleware when it is asked for.

    Attributes:
        state_topic: Full name of where joint states come from.
    """

    def __init__(self, node: Node, topics: ArmTopics) -> None:
        """Nothing is subscribed yet."""
        self._node, self._topics = node, topics
        for f in dataclasses.fields(topics):
            name = getattr(topics, f.name)
            if f.name.endswith('_topic') and name:
                _check(node, f.name, name)
        if topics.gripper.name:
            _check(node, 'gripper_topic', topics.gripper.name)
        self.state_topic = node.resolve_topic_name(topics.state_topic)
        self._outlets: list[tuple[Outlet, Any]] = []
        self._joints: list[_Newest] = []
        self._wrench = self._torques = self._pose = _Newest(None)
        self._gripper: Any = NoGripper()
        self._controller = ControllerJoints(node)

    def open(self) -> None:
        """Subscribes and announces."""
        t = self._topics
        found = outlets(
            t.command,
            t.command_topic,
            t.joints,
            seconds=t.trajectory_time,
            frame=t.frame,
            posture_topic=t.posture_topic,
        )
        try:
            self._announce(found)
        except RuntimeError as error:  # rclpy's RCLError, such as for a topic of another type
            self.close()
            raise TransportError(f'topics of the arm: {_line(error)}') from error

    def _announce(self, found: list[Outlet]) -> None:
        t = self._topics
        self._gripper = make_gripper(self._node, t.gripper)
        publish = self._node.create_publisher
        self._outlets = [(o, publish(o.kind, o.topic, qos.COMMAND)) for o in found]
        states = dict.fromkeys(name for name in (t.state_topic, t.gripper_state_topic) if name)
        self._joints = [self._listen(JointState, name, qos.ARM_STATE) for name in states]
        self._wrench = self._listen(WrenchStamped, t.wrench_topic)
        self._torques = self._listen(JointState, t.torque_topic)
        pose_topic = t.pose_topic if t.command == TARGET_POSE else ''
        self._pose = self._listen(PoseStamped, pose_topic)

    def joints(self) -> Sequence[JointSample]:
        """Since the last call, oldest first."""
        return [_joint_sample(*taken) for topic in self._joints for taken in topic.all()]

    def wrench(self) -> ArraySample | None:
        """The newest."""
        taken = self._wrench.newest()
        return None if taken is None else ArraySample(_wrench(taken[0].wrench), taken[1])

    def torques(self) -> JointSample | None:
        """The newest."""
        taken = self._torques.newest()
        return None if taken is None else _joint_sample(*taken)

    def pose(self) -> ArraySample | None:
        """The newest."""
        taken = self._pose.newest()
        return None if taken is None else ArraySample(matrix_of(taken[0].pose), taken[1])

    def audience(self) -> Audience:
        """As the middleware knows it."""
        own = f'{self._node.get_namespace().rstrip("/")}/{self._node.get_name()}'
        topics = [publisher.topic_name for _, publisher in self._outlets]
        rivals: set[str] = set()
        for topic in topics:
            names = [node_of(i) for i in self._node.get_publishers_info_by_topic(topic)]
            if own in names:
                names.remove(own)  # once: another one of this name is another one
            rivals |= {name or 'a node not yet known' for name in names}
        outlet, publisher = self._outlets[0]
        infos = self._node.get_subscriptions_info_by_topic(publisher.topic_name)
        infos = [info for info in infos if not info.node_name.startswith(OWN_TOOLS)]
        listening = [info.topic_type for info in infos]
        right = _type_name(outlet.kind)
        takers = {node_of(info) for info in infos if info.topic_type == right}
        self._controller.ask(takers - {''})
        return Audience(
            publisher.topic_name,
            listening.count(right),
            tuple(sorted(rivals)),
            tuple(sorted(set(listening) - {right})),
        )

    def controller_joints(self) -> tuple[str, ...] | None:
        """By its parameter, asked for in `audience`."""
        return self._controller.answer()

    def send(self, target: Target) -> None:
        """Publishes."""
        now = self._node.get_clock().now().to_msg()
        try:
            for outlet, publisher in self._outlets:
                publisher.publish(outlet.message(target, now))
        except Exception as error:  # rclpy's kinds of them differ between its versions
            raise TransportError(f'{outlet.topic}: {_line(error)}') from error

    def gripper(self, closed: bool) -> None:
        """Sends the fingers."""
        self._gripper.send(closed)

    @property
    def gripper_line(self) -> str:
        """What is wrong with the gripper."""
        return str(self._gripper.line)

    def close(self) -> None:
        """Leaves all topics."""
        for subscription in (*self._joints, self._wrench, self._torques, self._pose):
            subscription.close()
        for _, publisher in self._outlets:
            self._node.destroy_publisher(publisher)
        self._gripper.close()
        self._controller.close()
        self._outlets, self._joints, self._gripper = [], [], NoGripper()

    def _listen(self, kind: type, topic: str, profile: QoSProfile = qos.ARM_NEWEST) -> _Newest:
        return _Newest(
            PolledSubscription(self._node, kind, topic, profile) if topic else None, kind
        )


class _Newest:
    """A topic that is looked at when need be; one that is not there has nothing."""

    def __init__(self, subscription: PolledSubscription | None, kind: type | None = None) -> None:
        self._subscription, self._kind = subscription, kind
        self._last: tuple[Any, float] | None = None

    def all(self) -> list[tuple[Any, float]]:
        """What has come since the last look, with the time of each."""
        found: list[tuple[Any, float]] = []
        while self._subscription is not None:
            taken = self._subscription.take()
            if taken is None:
                break
            with contextlib.suppress(DataError):  # dropped, as the middleware does elsewhere
                message = message_of(taken[0], self._kind, '')
                found.append((message, arrival(taken[1], longest=math.inf)))
        return found

    def newest(self) -> tuple[Any, float] | None:
        """The newest so far; one with the stamp of the one before is the same again, not new."""
        for message, arrived in self.all():
            stamp = message.header.stamp
            if self._last is None or stamp == Time() or stamp != self._last[0].header.stamp:
                self._last = message, arrived
        return self._last

    def close(self) -> None:
        """Leaves the topic."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None


def _check(node: Node, parameter: str, name: str) -> None:
    try:
        node.resolve_topic_name(name)
    except (ValueError, RuntimeError) as error:  # of rclpy, by its version
        raise ConfigError(f'parameter {parameter}: {_line(error)}') from error


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())[:200]


def _type_name(kind: type) -> str:
    """As the middleware calls a message class: 'std_msgs/msg/Float64MultiArray'."""
    package = kind.__module__.split('.')[0]
    return f'{package}/msg/{kind.__name__}'


def _joint_sample(msg: JointState, arrived: float) -> JointSample:
    stamp = msg.header.stamp.sec + 1e-9 * msg.header.stamp.nanosec
    return JointSample(tuple(msg.name), msg.position, msg.velocity, msg.effort, stamp, arrived)


def _wrench(wrench: Any) -> np.ndarray:
    """[6] N, Nm."""
    force, torque = wrench.force, wrench.torque
    return np.array([force.x, force.y, force.z, torque.x, torque.y, torque.z])


def matrix_of(pose: Any) -> np.ndarray:
    """[4, 4] of a geometry_msgs/Pose; NaN if its quaternion is none."""
    p, o = pose.position, pose.orientation
    matrix = np.eye(4)
    matrix[:3, 3] = p.x, p.y, p.z
    matrix[:3, :3] = _rotation(np.array([o.w, o.x, o.y, o.z]))
    return matrix


def _rotation(q: np.ndarray) -> np.ndarray:
    """[3, 3] of a quaternion (w, x, y, z); NaN if it is none."""
    length = float(np.linalg.norm(q))
    if not 0.5 < length < 2.0:
        return np.full((3, 3), np.nan)
    w, vector = q[0] / length, q[1:] / length
    sine = float(np.linalg.norm(vector))
    angle = 2.0 * math.atan2(sine, w)
    axis = vector / sine if sine > 1e-9 else np.zeros(3)
    return np.asarray(rotation_matrices(axis * angle))
