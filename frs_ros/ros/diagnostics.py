# SPDX-License-Identifier: Apache-2.0
"""Faults that a person should read: one log line each, and a status on /diagnostics."""

from __future__ import annotations

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from frs_ros.ros import qos
from frs_ros.text import printable

# An absolute name on purpose: the ROS convention for this one topic (REP-107).
TOPIC = '/diagnostics'


class Diagnostics:
    """Publishes the state of named concerns of a node; logs a line when one of them changes.

    A concern is what can go wrong, such as 'inputs'. While it lasts, `report` may be called as
    often as one likes: only a changed line is logged again, every call is published.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(
            DiagnosticArray, TOPIC, qos.DIAGNOSTICS, event_callbacks=qos.NO_EVENTS
        )
        self._lines: dict[str, str] = {}

    def report(
        self,
        concern: str,
        line: str,
        *,
        error: bool = False,
        values: Mapping[str, object] | None = None,
    ) -> None:
        """Says that something is wrong: one line with what and, if known, the fix.

        Args:
            concern: What can go wrong.
            line: What is wrong; without figures that change all the time.
            error: Whether it is an error, not a warning.
            values: Figures to publish with it.
        """
        line = printable(line)  # it may quote a message
        if self._lines.get(concern) != line:
            self._lines[concern] = line
            logger = self._node.get_logger()
            # two call sites: rclpy binds a severity to each
            if error:
                logger.error(line)
            else:
                logger.warning(line)
        level = DiagnosticStatus.ERROR if error else DiagnosticStatus.WARN
        self._publish(concern, level, line, values)

    def clear(self, concern: str) -> None:
        """Says that the concern is over; does nothing if it was not reported."""
        if concern in self._lines:
            self.well(concern)

    def well(self, concern: str, values: Mapping[str, object] | None = None) -> None:
        """Says that nothing is wrong, with figures; for concerns that are published regularly."""
        again = self._lines.pop(concern, None) is not None
        if again:
            self._node.get_logger().info(f'{concern}: well again')
        self._publish(concern, DiagnosticStatus.OK, 'well again' if again else 'well', values)

    def _publish(
        self, concern: str, level: bytes, line: str, values: Mapping[str, object] | None
    ) -> None:
        name = f'{self._node.get_fully_qualified_name().lstrip("/")}: {concern}'
        status = DiagnosticStatus(level=level, name=name, message=line, hardware_id='')
        status.values = [KeyValue(key=k, value=str(v)) for k, v in (values or {}).items()]
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)
