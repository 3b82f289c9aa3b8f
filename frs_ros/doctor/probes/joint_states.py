# SPDX-License-Identifier: Apache-2.0
"""Listens to the joint states of an arm that others drive; publishes nothing."""

from __future__ import annotations

import importlib
import os
import time
from typing import Any


def look(topic: str, seconds: str) -> dict[str, Any]:
    """Names, rate and age of what is said there.

    Args:
        topic: Of sensor_msgs/JointState.
        seconds: For how long it is listened.
    """
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')  # as our nodes do
    rclpy = importlib.import_module('rclpy')
    qos = importlib.import_module('rclpy.qos')
    kind = importlib.import_module('sensor_msgs.msg').JointState
    rclpy.init(args=[])
    node = rclpy.create_node('frs_doctor')
    names: set[str] = set()
    times: list[float] = []

    def on_state(msg: Any) -> None:
        names.update(msg.name)
        times.append(time.monotonic())

    node.create_subscription(kind, topic, on_state, qos.qos_profile_sensor_data)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    publishers = node.count_publishers(topic)
    rclpy.shutdown()
    passed = times[-1] - times[0] if len(times) > 1 else 0.0
    rate = (len(times) - 1) / passed if passed else 0.0
    return {'names': sorted(names), 'rate': rate, 'publishers': publishers}
