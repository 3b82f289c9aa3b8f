# SPDX-License-Identifier: Apache-2.0
"""What the simulator bridge publishes, message by message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, CompressedImage, JointState

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.messages.plan import PlanRequest
from frs_ros.msg import Episode, PrivilegedScene, RobotState
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.image import (
    camera_info_to_msg,
    camera_pose_to_msg,
    jpeg_to_msg,
)
from frs_ros.ros.convert.plan import request_to_msg
from frs_ros.ros.convert.robot import joint_state_to_msg, robot_state_to_msg
from frs_ros.ros.convert.scene import scene_to_msg
from frs_ros.sim.libero import LiberoEnv

VIEW_CAMERA = 'agentview'


class SimulatorTopics:
    """Publishers of the bridge, and what they say about one environment.

    Args:
        node: Whose publishers they are.
        env: The simulation.
        with_view: Whether `view` will be called.
    """

    def __init__(self, node: Node, env: LiberoEnv, *, with_view: bool) -> None:
        self._env = env
        self._publish = node.create_publisher
        self._joints = self._publish(JointState, topics.JOINT_STATES, qos.STATE)
        self._state = self._publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self._scene = self._publish(PrivilegedScene, topics.PRIVILEGED_SCENE, qos.EXCHANGE)
        self.request = self._publish(PlanRequestMsg, topics.PLAN_REQUEST, qos.EXCHANGE)
        self.episode = self._publish(Episode, topics.EPISODE, qos.LATCHED)
        self._cameras = {c.name: self._camera(c.name) for c in env.cameras}
        self._view = (*self._camera(topics.VIEW), self._view_pose()) if with_view else ()
        self._sent: list[tuple[Publisher, Any]] = []
        self._observed_ns = 0

    def _camera(self, name: str) -> tuple[Publisher, Publisher]:
        return (
            self._publish(CompressedImage, topics.image(name), qos.IMAGE_OUT),
            self._publish(CameraInfo, topics.camera_info(name), qos.IMAGE_OUT),
        )

    def _view_pose(self) -> Publisher:
        return self._publish(PoseStamped, topics.camera_pose(topics.VIEW), qos.IMAGE_OUT)

    def state(self, stamp_ns: int) -> None:
        """Publishes joint and robot state."""
        for publisher, msg in self._states(stamp_ns):
            publisher.publish(msg)

    def observation(self, request: PlanRequest) -> None:
        """Publishes all that belongs to an observation, then the request; one stamp."""
        stamp_ns = self._observed_ns = request.stamp_ns
        # state and scene first: the oracle can think while the images are drawn
        self._sent = self._states(stamp_ns)
        self._sent.append((self._scene, scene_to_msg(self._env.scene(stamp_ns))))
        self.repeat()
        images: list[tuple[Publisher, Any]] = []
        jpegs = self._env.capture()
        for camera in self._env.cameras:
            image, info = self._cameras[camera.name]
            matrix = self._env.intrinsics(camera.name, camera.height, camera.width)
            size = (camera.height, camera.width)
            images.append((image, jpeg_to_msg(camera.name, jpegs[camera.name], stamp_ns)))
            images.append((info, camera_info_to_msg(camera.name, *size, matrix, stamp_ns)))
        images.append((self.request, request_to_msg(request)))
        for publisher, msg in images:
            publisher.publish(msg)
        self._sent += images

    def repeat(self) -> None:
        """Publishes the last observation and request again, unchanged."""
        for publisher, msg in self._sent:
            publisher.publish(msg)

    def view(self, height: int, width: int, stamp_ns: int) -> None:
        """Publishes an image for people, with calibration and pose.

        One with the stamp of the observation is repeated with it.
        """
        jpeg = encode_jpeg(self._env.view(height, width, VIEW_CAMERA))
        camera = self._env.pinhole(VIEW_CAMERA, height, width)
        messages: tuple[Any, ...] = (
            jpeg_to_msg(topics.VIEW, jpeg, stamp_ns),
            camera_info_to_msg(topics.VIEW, height, width, camera.matrix, stamp_ns),
            camera_pose_to_msg(camera, stamp_ns),
        )
        sent = list(zip(self._view, messages))
        for publisher, msg in sent:
            publisher.publish(msg)
        if stamp_ns == self._observed_ns:
            self._sent += sent

    def _states(self, stamp_ns: int) -> list[tuple[Publisher, Any]]:
        names, positions, velocities = self._env.joint_state()
        joints = joint_state_to_msg(names, positions, velocities, stamp_ns)
        state = robot_state_to_msg(
            self._env.state(),
            self._env.gripper_command,
            stamp_ns,
            mode=RobotState.MODE_POLICY,
        )
        return [(self._joints, joints), (self._state, state)]


def increasing(clock: Callable[[], int]) -> Callable[[], int]:
    """A clock whose readings in nanoseconds never repeat: stamps identify observations."""
    last = 0

    def read() -> int:
        nonlocal last
        last = max(clock(), last + 1)
        return last

    return read
