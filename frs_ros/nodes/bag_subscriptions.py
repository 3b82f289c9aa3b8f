# SPDX-License-Identifier: Apache-2.0
"""Subscriptions of a recorder: found in the graph, with what their publishers offer.

They are polled, twenty rounds a second: that costs less than the executor, and brings messages of
several topics into the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.qos import QoSProfile

from frs_ros.bags.storage import BagTopic
from frs_ros.errors import DataError
from frs_ros.nodes import topics
from frs_ros.nodes.recorded_topics import RecordedTopics
from frs_ros.ros import endpoints, qos
from frs_ros.ros.definitions import definition, message_class
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.one_source import OneSource
from frs_ros.ros.polled import PolledSubscription, received_ns

IMAGE_DEPTH = 60  # images that may wait in the middleware: two seconds

POLL_PERIOD = 0.05  # s
AT_ONCE = 500  # messages of a topic in a round, so that none keeps the others waiting

# topic; ns since the epoch when it came and when it was sent; CDR
Take = Callable[[BagTopic, int, int, bytes], None]


@dataclass
class _Heard:
    """A topic that is subscribed."""

    type: str
    profile: QoSProfile
    subscription: PolledSubscription
    topic: BagTopic | None = None  # known with the first message


class BagSubscriptions:
    """Hears every wanted topic, raw: messages stay as they are on the wire."""

    def __init__(
        self, node: Node, wanted: RecordedTopics, take: Take, diagnostics: Diagnostics
    ) -> None:
        """Subscribes to what is known by name; the rest follows with `look`.

        Args:
            node: Whose subscriptions they are.
            wanted: Which topics.
            take: Called with every message.
            diagnostics: For topics that cannot be recorded.
        """
        self._node, self._wanted, self._take = node, wanted, take
        self._diagnostics = diagnostics
        self._heard: dict[str, _Heard] = {}
        self._sources = OneSource(node, diagnostics)
        self._chunks = node.resolve_topic_name(topics.ACTION_CHUNK)
        self._refused: set[tuple[str, str]] = set()
        latched = node.resolve_topic_name(topics.EPISODE)
        for name, kind in wanted.known.items():
            self._subscribe(name, kind, qos.RECORD_LATCHED if name == latched else qos.RECORD)

    def look(self) -> None:
        """Subscribes to what is new in the graph, and anew where another QoS is needed."""
        for name, kinds in self._node.get_topic_names_and_types():
            if self._wanted.wanted(name):
                offered = [p.qos_profile for p in self._node.get_publishers_info_by_topic(name)]
                if offered:
                    self._fit(name, kinds, offered)

    def _fit(self, name: str, kinds: list[str], offered: list[QoSProfile]) -> None:
        heard = self._heard.get(name)
        image = '/color/' in name
        profile = endpoints.fitting(offered, IMAGE_DEPTH if image else qos.RECORD.depth)
        if heard is None:
            self._subscribe(name, kinds[0], profile)
        elif not endpoints.same(profile, heard.profile):
            heard.subscription.close()
            self._subscribe(name, heard.type, profile)

    def _subscribe(self, name: str, kind: str, profile: QoSProfile) -> None:
        if (name, kind) in self._refused:
            return
        try:
            message = message_class(kind)
        except DataError as error:
            self._refused.add((name, kind))
            self._diagnostics.report(name, f'{name} is not recorded: {error}')
            return
        subscription = PolledSubscription(self._node, message, name, profile)
        self._heard[name] = _Heard(kind, profile, subscription)

    def poll(self) -> None:
        """Takes everything that has come."""
        came: list[tuple[int, int, BagTopic, bytes]] = []
        for name, heard in self._heard.items():
            for _ in range(AT_ONCE):
                taken = heard.subscription.take()
                if taken is None:
                    break
                data, info = taken
                if name == self._chunks:
                    self._sources.alone(name, info)  # recorded all the same, and said
                if heard.topic is None:
                    heard.topic = self._topic(name, heard)
                log_ns = received_ns(info)
                came.append((log_ns, info.get('source_timestamp') or log_ns, heard.topic, data))
        came.sort(key=_arrival)
        for log_ns, sent_ns, topic, data in came:
            self._take(topic, log_ns, sent_ns, data)

    def close(self) -> None:
        """Takes everything that has come, for the last time."""
        self.poll()
        self._heard.clear()

    def _topic(self, name: str, heard: _Heard) -> BagTopic:
        about = definition(heard.type)
        offered: list[QoSProfile] = []
        if self._node.context.ok():  # not when the first message comes at the very end
            publishers = self._node.get_publishers_info_by_topic(name)
            offered = [p.qos_profile for p in publishers]
        # A message can be faster than the news of its publisher, which then offers what it takes.
        profiles = tuple(endpoints.for_bag(p) for p in offered or [heard.profile])
        return BagTopic(name, heard.type, about.text, about.hash, profiles)


def _arrival(message: tuple[int, int, BagTopic, bytes]) -> int:
    return message[0]
