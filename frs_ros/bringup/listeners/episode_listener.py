# SPDX-License-Identifier: Apache-2.0
"""Listens to graphs in this process and keeps what makes up their episodes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, CompressedImage

from frs_ros.bags.episodes.tape import Recording
from frs_ros.bringup.listeners.listener import Listener
from frs_ros.errors import DataError
from frs_ros.messages.episode import EpisodeEvent
from frs_ros.msg import ActionChunk, Episode, RobotState, SteeringReport
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.episode import episode_from_msg
from frs_ros.ros.convert.image import jpeg_from_msg, pinhole_from_msgs
from frs_ros.ros.convert.plan import chunk_from_msg, report_from_msg

DRAIN = 0.3  # s to go on listening after the last process has ended

OnEvent = Callable[[str, EpisodeEvent], None]


class EpisodeListener(Listener):
    """Keeps what one graph per namespace says; entered before their processes start.

    Messages that do not make sense are dropped: the nodes they are for report them.

    Attributes:
        recordings: Namespace -> what was heard; complete once the context is left.
    """

    def __init__(
        self,
        namespaces: Sequence[str],
        *,
        domain: int,
        images: bool = False,
        on_event: OnEvent = lambda namespace, event: None,
        on_plan: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares.

        Args:
            namespaces: One per graph, without slashes.
            domain: ROS domain of all graphs.
            images: Whether to record the view and the steps of the robot, too.
            on_event: Told of every start and end of an episode, in the listener's thread.
            on_plan: Told of every plan, likewise.
        """
        super().__init__('episode_listener', domain)
        self.recordings = {namespace: Recording() for namespace in namespaces}
        self._images = images
        self._on_event, self._on_plan = on_event, on_plan

    def _subscribe_all(self, node: Node) -> None:
        for namespace, recording in self.recordings.items():
            self._listen(namespace, recording)

    def _serve(self) -> None:
        """Serves callbacks until the end, then what is still on its way."""
        super()._serve()
        end = time.monotonic() + DRAIN
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.02)

    def _listen(self, namespace: str, recording: Recording) -> None:
        def on_episode(msg: Episode) -> None:
            event = episode_from_msg(msg)
            recording.add_event(stamps.to_ns(msg.header.stamp), event)
            self._on_event(namespace, event)

        def on_chunk(msg: ActionChunk) -> None:
            recording.add_chunk(chunk_from_msg(msg))
            self._on_plan()

        def on_report(msg: SteeringReport) -> None:
            recording.add_report(report_from_msg(msg))

        self._subscribe(Episode, namespace, topics.EPISODE, on_episode, qos.RECORD_LATCHED)
        self._subscribe(ActionChunk, namespace, topics.ACTION_CHUNK, on_chunk)
        self._subscribe(SteeringReport, namespace, topics.STEERING_REPORT, on_report)
        if self._images:
            self._look(namespace, recording)

    def _look(self, namespace: str, recording: Recording) -> None:
        """Subscribes to the view and to what it takes to draw into it."""
        infos: list[CameraInfo] = []

        def on_state(msg: RobotState) -> None:
            at = msg.pose.position
            recording.grippers[stamps.to_ns(msg.header.stamp)] = np.array([at.x, at.y, at.z])

        def on_image(msg: CompressedImage) -> None:
            recording.images[stamps.to_ns(msg.header.stamp)] = jpeg_from_msg(msg)

        def on_pose(msg: PoseStamped) -> None:
            if recording.camera is None and infos:  # the camera stands still
                recording.camera = pinhole_from_msgs(infos[-1], msg)

        view = topics.VIEW
        self._subscribe(RobotState, namespace, topics.ROBOT_STATE, on_state)
        self._subscribe(CompressedImage, namespace, topics.image(view), on_image)
        self._subscribe(CameraInfo, namespace, topics.camera_info(view), infos.append)
        self._subscribe(PoseStamped, namespace, topics.camera_pose(view), on_pose)

    def _subscribe(
        self,
        kind: type,
        namespace: str,
        topic: str,
        take: Callable[[Any], None],
        profile: QoSProfile = qos.RECORD,
    ) -> None:
        def callback(msg: Any) -> None:
            with contextlib.suppress(DataError):
                take(msg)

        self._node.create_subscription(kind, f'/{namespace}/{topic}', callback, profile)
