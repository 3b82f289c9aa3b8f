# SPDX-License-Identifier: Apache-2.0
"""Listens to a robot cell in this process and steers it this way and that."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, JointState

from frs_ros.benchmarks.cell import CellTape
from frs_ros.bringup.listeners.listener import Listener
from frs_ros.bringup.supervisor import Supervisor
from frs_ros.messages.guidance import Guidance
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.msg import SafetyStatus, SteeringReport
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.guidance import guidance_to_msg

GUIDANCE_PERIOD = 0.02  # s
GIVES_WAY = 5  # added to the niceness of the listener
DIRECTION_TIME = 2.0  # s for which one direction is kept
DIRECTIONS = np.array([[0, 1, 0], [0, 0, 1], [0, -1, 0], [0, 0, -1]], dtype=np.float64)


class CellListener(Listener):
    """Listens around the run of a cell.

    Attributes:
        tape: What was heard since the cell moves.
        seconds: How long that took; 0 if it never moved.
    """

    def __init__(
        self,
        cameras: Sequence[str],
        domain: int,
        duration: float,
        *,
        on_time: Callable[[float], None] = lambda elapsed: None,
    ) -> None:
        """Prepares.

        Args:
            cameras: Names of the cameras to listen to.
            domain: ROS domain.
            duration: For how long to listen, s.
            on_time: Told now and then for how long it has listened, in the listener's thread.
        """
        super().__init__('bench', domain)
        self.tape = CellTape(images={camera: [] for camera in cameras})
        self.seconds = 0.0
        self._duration, self._on_time = duration, on_time
        self._finish: Callable[[], None] = lambda: None
        self._since: float | None = None

    def begun(self, supervisor: Supervisor) -> None:
        """Finishes the run of this supervisor after the duration."""
        self._finish = supervisor.finish

    def _subscribe_all(self, node: Node) -> None:
        self._guidance = node.create_publisher(GuidanceMsg, topics.GUIDANCE, qos.GUIDANCE_NEWEST)
        subscribe = node.create_subscription
        subscribe(SafetyStatus, topics.SAFETY_STATUS, self._on_status, qos.RECORD)
        subscribe(SteeringReport, topics.STEERING_REPORT, self._on_report, qos.RECORD)
        subscribe(JointState, topics.JOINT_STATES, self._on_joints, qos.RECORD)
        for camera in self.tape.images:
            take = partial(self._on_image, camera)
            subscribe(CompressedImage, topics.image(camera), take, qos.RECORD)
        node.create_timer(GUIDANCE_PERIOD, self._guide)

    def _serve(self) -> None:
        # this thread only: who listens must not disturb what is measured
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + GIVES_WAY)
        super()._serve()

    @property
    def _listening(self) -> bool:
        return self._since is not None and self.seconds == 0.0

    def _on_status(self, msg: SafetyStatus) -> None:
        if self._since is None and msg.state == SafetyStatus.ACTIVE:
            self._since = time.monotonic()
        if not self._listening:
            return
        if math.isfinite(msg.chunk_to_command):
            self.tape.chunk_to_command[msg.request_id] = msg.chunk_to_command
        names = ('commands', 'clipped', 'chunks', 'refused', 'holds', 'stops')
        self.tape.counters = {name: getattr(msg, name) for name in names}

    def _on_report(self, msg: SteeringReport) -> None:
        if self._listening:
            self.tape.latencies.append(msg.latency)

    def _on_joints(self, msg: JointState) -> None:
        if self._listening:
            self.tape.state_stamps.append(stamps.to_ns(msg.header.stamp))

    def _on_image(self, camera: str, msg: CompressedImage) -> None:
        if self._listening:
            self.tape.images[camera].append(bytes(msg.data))

    def _guide(self) -> None:
        """Publishes a direction, another one every `DIRECTION_TIME`, and looks at the time."""
        now = time.monotonic()
        direction = DIRECTIONS[int(now / DIRECTION_TIME) % len(DIRECTIONS)]
        stamp_ns = self._node.get_clock().now().nanoseconds
        guidance = Guidance(direction=direction, magnitude=0.5, source='bench', stamp_ns=stamp_ns)
        self._guidance.publish(guidance_to_msg(guidance))
        if self._since is None or not self._listening:
            return
        elapsed = now - self._since
        self._on_time(min(elapsed, self._duration))
        if elapsed >= self._duration:
            self.seconds = elapsed
            self._finish()
