# SPDX-License-Identifier: Apache-2.0
"""A camera that is somebody else's ROS image topic."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from frs_ros.cameras.base import Calibration, CameraStatus, Frame
from frs_ros.cameras.latest import Latest
from frs_ros.cameras.recovery import PATIENCE, STALE_PERIODS
from frs_ros.errors import DataError
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.image import (
    calibration_from_msg,
    compressed_to_rgb,
    is_jpeg,
    rgb_from_msg,
)

COMPRESSED = '/compressed'


class TopicCamera:
    """A `CameraSource` over an image topic and the `camera_info` beside it.

    JPEG images are passed on as they are. There is nothing to recover: a topic that is silent
    is said to be silent.

    Args:
        node: Whose subscriptions they are.
        topic: CompressedImage if it ends in `/compressed`, else Image.
        period: Time between two images, s.
        clock: Monotonic time in s.
    """

    def __init__(
        self, node: Node, topic: str, period: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._node = node
        self._topic = topic
        self._stale_after = STALE_PERIODS * period
        self._lost_after = PATIENCE.at(period).restart
        self._latest = Latest(clock)
        self._lock = threading.Lock()
        self._calibration: Calibration | None = None
        self._refused = ''
        self._count = 0
        self._subscriptions: list = []

    def start(self) -> None:
        """See `CameraSource.start`."""
        compressed = self._topic.endswith(COMPRESSED)
        subscribe = self._node.create_subscription
        if compressed:
            image = subscribe(CompressedImage, self._topic, self._on_compressed, qos.IMAGE_NEWEST)
        else:
            image = subscribe(Image, self._topic, self._on_image, qos.IMAGE_NEWEST)
        folder = self._topic.removesuffix(COMPRESSED).rpartition('/')[0]
        info_topic = f'{folder}/camera_info' if folder else 'camera_info'
        info = subscribe(CameraInfo, info_topic, self._on_info, qos.IMAGE_NEWEST)
        self._subscriptions = [image, info]

    def take(self, timeout: float = 0.0) -> Frame | None:
        """See `CameraSource.take`."""
        return self._latest.take(timeout)

    def calibration(self) -> Calibration | None:
        """See `CameraSource.calibration`."""
        with self._lock:
            return self._calibration

    def status(self) -> CameraStatus:
        """See `CameraSource.status`."""
        status = self._latest.status()
        with self._lock:
            refused = self._refused
        if status.age < self._stale_after:
            return self._latest.status(line=refused)
        publishers = self._node.count_publishers(self._topic)
        who = f'{publishers} publisher(s)' if publishers else 'nobody publishes it'
        line = refused or f'topic {self._topic}: no new image ({who})'
        return self._latest.status(line=line, failed=status.age >= self._lost_after)

    def close(self) -> None:
        """See `CameraSource.close`."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._latest.wake()

    def _on_compressed(self, msg: CompressedImage) -> None:
        data = bytes(msg.data)
        self._receive(msg, lambda: compressed_to_rgb(msg), data if is_jpeg(data) else None)

    def _on_image(self, msg: Image) -> None:
        self._receive(msg, lambda: rgb_from_msg(msg), None)

    def _receive(
        self, msg: Image | CompressedImage, convert: Callable[[], np.ndarray], jpeg: bytes | None
    ) -> None:
        try:
            rgb = convert()
        except DataError as error:
            with self._lock:
                self._refused = f'topic {self._topic}: {error}'
            return
        with self._lock:
            self._refused = ''
        # a publisher that does not stamp: the time of arrival is the best there is
        stamp_ns = stamps.to_ns(msg.header.stamp) or self._node.get_clock().now().nanoseconds
        self._latest.put(Frame(rgb, stamp_ns, self._count, jpeg=jpeg))
        self._count += 1

    def _on_info(self, msg: CameraInfo) -> None:
        try:
            calibration = calibration_from_msg(msg)
        except DataError:
            return  # uncalibrated cameras publish zeros; the approximation serves
        with self._lock:
            self._calibration = calibration
