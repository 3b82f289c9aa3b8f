# SPDX-License-Identifier: Apache-2.0
"""Devices that other nodes publish: `AxesSource`s fed by topics."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from geometry_msgs.msg import Twist
from rclpy.node import Node
from sensor_msgs.msg import Joy

from frs_ros.guidance.operator.joystick import JoystickLayout
from frs_ros.guidance.operator.mapper import Axes
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps

MOST_BUTTONS = 128
QUEUE = 64  # samples between two looks, 0.02 s apart


class TopicAxes:
    """What the sources of topics have in common.

    Args:
        node: Whose subscription it is.
        topic: Where the samples come from.
        timeout: Silence in s after which the device counts as lost.
    """

    def __init__(self, node: Node, topic: str, timeout: float) -> None:
        self._node, self._timeout_ns = node, timeout * 1e9
        self._topic = node.resolve_topic_name(topic)
        self._samples: deque[Axes] = deque(maxlen=QUEUE)
        self._heard_ns: int | None = None
        self._now_ns = 0
        self._wrong = ''

    def start(self) -> None:
        """The subscription is there already."""

    def take(self, now_ns: int) -> list[Axes]:
        """See `AxesSource`; silence shows nothing, because these devices repeat themselves."""
        self._now_ns = now_ns
        samples = list(self._samples)
        self._samples.clear()
        return samples

    def fault(self) -> str:
        """See `AxesSource`."""
        silent = self._heard_ns is None or self._now_ns - self._heard_ns > self._timeout_ns
        if not silent:
            return self._wrong
        count = self._node.count_publishers(self._topic)
        return f'{self._topic} is silent ({count or "no"} publisher(s))'

    def close(self) -> None:
        """Nothing to give back."""

    def _add(self, values: tuple[float, ...], buttons: Sequence[int], age_ns: int = 0) -> None:
        """Takes a sample that came now and was `age_ns` old then."""
        self._heard_ns = time.monotonic_ns()
        pressed = tuple(bool(b) for b in buttons[:MOST_BUTTONS])
        self._samples.append(Axes(self._heard_ns - age_ns, values, buttons=pressed))


class TwistAxes(TopicAxes):
    """`spacenav/twist` and the buttons of `spacenav/joy`, as the package spacenav publishes them.

    A Twist has no stamp: the time of its arrival counts.
    """

    def __init__(self, node: Node, timeout: float, scale: float) -> None:
        super().__init__(node, topics.SPACENAV_TWIST, timeout)
        self._scale = scale
        self._buttons: Sequence[int] = ()
        node.create_subscription(Twist, topics.SPACENAV_TWIST, self._on_twist, qos.AXES)
        node.create_subscription(Joy, topics.SPACENAV_JOY, self._on_joy, qos.AXES)

    def _on_twist(self, msg: Twist) -> None:
        vectors = (msg.linear, msg.angular)
        values = tuple(self._scale * v for w in vectors for v in (w.x, w.y, w.z))
        self._add(values, self._buttons)

    def _on_joy(self, msg: Joy) -> None:
        self._buttons = msg.buttons


class JoyAxes(TopicAxes):
    """`joy`, as the package joy publishes it.

    A message that was stamped long ago counts as old as it is.
    """

    def __init__(self, node: Node, timeout: float, scale: float, layout: JoystickLayout) -> None:
        super().__init__(node, topics.JOY, timeout)
        self._scale, self._layout = scale, layout
        node.create_subscription(Joy, topics.JOY, self._on_joy, qos.AXES)

    def _on_joy(self, msg: Joy) -> None:
        stamp_ns = stamps.to_ns(msg.header.stamp)
        age_ns = self._node.get_clock().now().nanoseconds - stamp_ns if stamp_ns else 0
        self._wrong = self._complaint(msg, age_ns)
        values = tuple(self._scale * v for v in self._layout.values(msg.axes))
        self._add(values, msg.buttons, max(0, age_ns))

    def _complaint(self, msg: Joy, age_ns: int) -> str:
        missing = self._layout.missing(msg.axes)
        if missing:
            return f'{self._topic} has {len(msg.axes)} axes, too few for {", ".join(missing)}'
        if age_ns > self._timeout_ns:
            return f'{self._topic} is stamped {age_ns / 1e9:.1f} s ago; are the clocks in step?'
        return ''
