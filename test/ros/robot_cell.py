# SPDX-License-Identifier: Apache-2.0
"""The test's side of a robot cell: cameras, a policy that answers, an operator."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, CompressedImage, JointState
from std_srvs.srv import Trigger

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.messages.plan import ActionChunk
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import Episode, PlanRequest, RobotState, SafetyStatus
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.image import jpeg_to_msg
from frs_ros.ros.convert.plan import chunk_to_msg, request_from_msg
from frs_ros.types import JOINT_DELTA

CAMERAS = ('exterior_image_1_left', 'wrist_image_left')
HZ, H, EXECUTE = 15.0, 15, 8
START_TIMEOUT = 30.0  # a process with numpy and ROS, on cores that others use too


class Cell:
    """Publishes images, answers requests, watches the controller.

    Attributes:
        plays: Whether it answers requests itself.
        films: Whether the cameras run.
        push: First joint's action.
        statuses: What the controller said, in order.
    """

    def __init__(self, ros, *, plays: bool = True) -> None:
        self.ros, self.node = ros, ros.node('cell')
        self.plays, self.films, self.push = plays, True, 0.3
        publish = self.node.create_publisher
        self.images = {
            c: publish(CompressedImage, topics.image(c), qos.IMAGE_OUT) for c in CAMERAS
        }
        self.infos = {
            c: publish(CameraInfo, topics.camera_info(c), qos.IMAGE_OUT) for c in CAMERAS
        }
        self.chunks = publish(ActionChunkMsg, topics.ACTION_CHUNK, qos.EXCHANGE) if plays else None
        self.episodes = publish(Episode, topics.EPISODE, qos.LATCHED)
        collect = functools.partial(ros.collect, self.node)
        self.statuses = collect(SafetyStatus, topics.SAFETY_STATUS, qos.STATE)
        self.states = collect(RobotState, topics.ROBOT_STATE, qos.STATE)
        self.joints = collect(JointState, topics.JOINT_STATES, qos.STATE)
        self.announced = collect(Episode, topics.EPISODE, qos.LATCHED)
        self.diagnostics = collect(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
        self.requests: list[PlanRequest] = []
        self.node.create_subscription(
            PlanRequest, topics.PLAN_REQUEST, self._on_request, qos.EXCHANGE
        )
        self.jpeg = encode_jpeg(np.zeros((224, 224, 3), dtype=np.uint8))
        self.node.create_timer(1.0 / 30.0, self._film)

    # ---- what it does --------------------------------------------------------------------------

    def answer(self, msg: PlanRequest, **changes) -> ActionChunkMsg:
        """A chunk that turns the first joint."""
        request = request_from_msg(msg)
        actions = np.zeros((H, 8))
        actions[:, 0] = self.push
        chunk = ActionChunk(
            request.request_id,
            request.episode_id,
            actions,
            np.zeros((H, 32), np.float32),
            EXECUTE,
            'base',
            request.stamp_ns,
            JOINT_DELTA,
            HZ,
            instruction=request.instruction,
            seed=request.seed,
        )
        made = chunk_to_msg(chunk)
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def _on_request(self, msg: PlanRequest) -> None:
        self.requests.append(msg)
        if self.plays and self.chunks is not None:
            self.chunks.publish(self.answer(msg))

    def _film(self) -> None:
        if not self.films:
            return
        stamp = self.node.get_clock().now()
        for camera in CAMERAS:
            info = CameraInfo()
            info.header.stamp = stamp.to_msg()
            self.infos[camera].publish(info)
            if not self.plays:  # somebody looks at them
                self.images[camera].publish(jpeg_to_msg(camera, self.jpeg, stamp.nanoseconds))

    def call(self, service: str, controller: str = 'franka_controller') -> Trigger.Response:
        """Asks the controller as an operator does."""
        client = self.node.create_client(Trigger, f'{controller}/{service}')
        self.ros.wait_for(client.service_is_ready, 10.0, service)
        future = client.call_async(Trigger.Request())
        self.ros.wait_for(future.done, 20.0, f'the answer of {service}')
        return future.result()

    # ---- what it sees --------------------------------------------------------------------------

    @property
    def status(self) -> SafetyStatus:
        """The newest."""
        return self.statuses[-1]

    def reaches(self, state: int, timeout: float = START_TIMEOUT) -> SafetyStatus:
        """Waits for a state; the first status with it."""
        self.statuses.clear()
        self.ros.wait_for(lambda: self._first(state), timeout, f'state {state}')
        found = self._first(state)
        assert found is not None
        return found

    def says(self, text: str) -> bool:
        """Whether a diagnostic with this text was published."""
        return any(text in s.message for array in self.diagnostics for s in array.status)

    def moves(self) -> Callable[[], bool]:
        """A condition: the first joint has moved since now."""
        self.ros.wait_for(lambda: self.joints, 5.0, 'joint states')
        start = self.joints[-1].position[0]
        return lambda: abs(self.joints[-1].position[0] - start) > 0.02

    def _first(self, state: int) -> SafetyStatus | None:
        return next((s for s in self.statuses if s.state == state), None)
