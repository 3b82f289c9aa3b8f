# SPDX-License-Identifier: Apache-2.0
"""Topics that should have one publisher: says so when the messages of several are mixed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rclpy.node import Node

from frs_ros.messages.sources import Sources
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.message_info import endpoint, several


class OneSource:
    """Watches from which publishers the messages of some topics come; see `Sources`.

    Where the middleware does not tell who has sent a message (rclpy of Jazzy), nothing is noticed.

    Args:
        node: Whose subscriptions they are.
        diagnostics: Of the node; the concern is 'source of <name>'.
    """

    def __init__(self, node: Node, diagnostics: Diagnostics) -> None:
        self._node, self._diagnostics = node, diagnostics
        self._sources = Sources()

    def alone(self, topic: str, info: Mapping[str, Any], name: str = '') -> bool:
        """Takes in who has sent a message; False, and reported, while several are mixed.

        Args:
            topic: Its full name.
            info: As rclpy hands it to callbacks with two arguments.
            name: What the topic is about, for the operator; the topic itself if ''.
        """
        source, concern = endpoint(info.get('publisher_gid')), f'source of {name or topic}'
        mixed = self._sources.heard(topic, source, time.monotonic())
        if not self._node.context.ok():
            return not mixed  # the last messages of a node that ends: nobody to tell
        if not mixed:
            self._diagnostics.clear(concern)
            return True
        line = several(topic, self._node.get_publishers_info_by_topic(topic))
        self._diagnostics.report(concern, line, error=True)
        return False
