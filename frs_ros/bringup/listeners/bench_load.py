# SPDX-License-Identifier: Apache-2.0
"""A camera or an arm that only publishes, for benchmarks.

bench_load {camera,arm} NAME RATE COUNT: says 'ready' once somebody
subscribes, waits for a line on stdin, publishes COUNT messages at RATE Hz, ends when they are
acknowledged.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image

from frs_ros.msg import RobotState
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.message_info import acknowledged

HEIGHT, WIDTH, CHANNELS = 480, 640, 3
FOUND = 60.0  # s to wait for a subscriber
ACKNOWLEDGED = 10.0  # s to wait for it


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    kind, name, rate, count = list(sys.argv[1:] if argv is None else argv)
    rclpy.init()
    node = Node(f'bench_{name}')
    publisher, message = _camera(node, name) if kind == 'camera' else _arm(node)
    end = time.monotonic() + FOUND
    while not publisher.get_subscription_count():
        if time.monotonic() > end:
            print(f'nobody subscribes to {publisher.topic_name}', flush=True)
            return 1
        time.sleep(0.05)
    print('ready', flush=True)
    if sys.stdin.readline():
        _publish(node, publisher, message, float(rate), int(count))
    node.destroy_node()
    rclpy.try_shutdown()
    return 0


def _camera(node: Node, name: str) -> tuple[Publisher, Image]:
    """Uncompressed images of noise."""
    size = HEIGHT * WIDTH * CHANNELS
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    message = Image(height=HEIGHT, width=WIDTH, encoding='rgb8', step=WIDTH * CHANNELS)
    message.data = array('B', pixels.tobytes())
    return node.create_publisher(Image, topics.raw_image(name), qos.IMAGE_OUT), message


def _arm(node: Node) -> tuple[Publisher, RobotState]:
    message = RobotState(policy_state=array('d', [0.0] * 8))
    return node.create_publisher(RobotState, topics.ROBOT_STATE, qos.STATE), message


def _publish(node: Node, publisher: Publisher, message: Any, rate: float, count: int) -> None:
    began = time.monotonic()
    for n in range(count):
        time.sleep(max(0.0, began + n / rate - time.monotonic()))
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
    acknowledged(publisher, ACKNOWLEDGED)
    print(f'sent in {time.monotonic() - began:.2f} s', flush=True)


if __name__ == '__main__':
    sys.exit(main())
