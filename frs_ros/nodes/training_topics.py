# SPDX-License-Identifier: Apache-2.0
"""What a trainer hears of a graph: one stream, in the order of the header stamps."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile

from frs_ros.bags.bag_topics import role
from frs_ros.bags.episodes.message_parts import NS, Deferred
from frs_ros.bags.play.stamp_merge import Arrival, StampMerge
from frs_ros.nodes import topics
from frs_ros.ros import endpoints, polled
from frs_ros.ros.definitions import message_class
from frs_ros.ros.polled import PolledSubscription, received_ns
from frs_ros.ros.serialised import message_of

PLAYED_NS = 10 * NS  # a message is stamped so long before it is sent: a recording is played
HOLD_NS = NS // 5  # how much later than others a message of another publisher may arrive

# Subscribed from the start on, so that nothing is lost until it is discovered.
KNOWN = {
    topics.EPISODE: 'frs_ros/msg/Episode',
    topics.PLAN_REQUEST: 'frs_ros/msg/PlanRequest',
    topics.ACTION_CHUNK: 'frs_ros/msg/ActionChunk',
    topics.STEERING_REPORT: 'frs_ros/msg/SteeringReport',
    topics.ROBOT_STATE: 'frs_ros/msg/RobotState',
}
_IMAGES = ('sensor_msgs/msg/CompressedImage', 'sensor_msgs/msg/Image')
_HEADER = struct.Struct('<iI')  # of CDR in little endian, behind its encapsulation header
_ENCAPSULATION = 4


class TrainingTopics:
    """Subscribes to what is known by name, and to the cameras that `look` finds.

    Args:
        node: Whose subscriptions they are; its namespace and remaps apply.
        wants: Whether messages of a topic are of use.
        cameras: Names of those that are subscribed from the start on.
    """

    def __init__(
        self, node: Node, wants: Callable[[str], bool], cameras: tuple[str, ...] = ()
    ) -> None:
        self._node, self._wants = node, wants
        self._merge = StampMerge(HOLD_NS)
        self._heard: dict[str, PolledSubscription] = {}
        self._kinds: dict[str, Any] = {}
        known = {**KNOWN, **{topics.image(c): 'sensor_msgs/msg/CompressedImage' for c in cameras}}
        for topic, kind in known.items():
            latched = topic == topics.EPISODE
            profile = polled.RELIABLE_LATCHED if latched else polled.RELIABLE
            self._subscribe(node.resolve_topic_name(topic), kind, profile)

    def look(self) -> None:
        """Subscribes to cameras that are new, and anew where publishers offer less."""
        for name, (kind, *_) in self._node.get_topic_names_and_types():
            if name in self._heard or self._is_camera(name, kind):
                publishers = self._node.get_publishers_info_by_topic(name)
                offered = [publisher.qos_profile for publisher in publishers]
                if offered:
                    self._fit(name, kind, endpoints.fitting(offered, 1))

    def next(self, now_ns: int) -> Arrival | None:
        """The next message of all topics, None if there is none yet; system time in ns."""
        return self._merge.next(now_ns)

    def content(self, arrival: Arrival) -> Any:
        """The message; that of an image or robot state is deserialised when it is needed."""
        load = partial(self._load, arrival)
        part = role(arrival.topic)
        deferred = part is not None and (part.camera or part.kind == topics.ROBOT_STATE)
        return Deferred(arrival.stamp_ns, load) if deferred else load()

    def _load(self, arrival: Arrival) -> Any:
        return message_of(arrival.data, self._kinds[arrival.topic], arrival.topic)

    def _is_camera(self, name: str, kind: str) -> bool:
        """Whether it is an image of a camera in our namespace, or below it."""
        part, namespace = role(name), self._node.get_namespace().rstrip('/')
        ours = part is not None and part.camera and name.startswith(f'{namespace}/')
        return bool(ours) and kind in _IMAGES and self._wants(name)

    def _fit(self, name: str, kind: str, profile: QoSProfile) -> None:
        heard = self._heard.get(name)
        if heard is not None and heard.hears(profile):
            return
        if heard is not None:
            heard.close()
        self._subscribe(name, kind, profile)

    def _subscribe(self, name: str, kind: str, profile: QoSProfile) -> None:
        self._kinds[name] = message_class(kind)
        heard = PolledSubscription(
            self._node, self._kinds[name], name, polled.keeping_all(profile)
        )
        self._heard[name] = heard
        self._merge.add(name, partial(_take, name, heard))


def _take(name: str, heard: PolledSubscription) -> Arrival | None:
    taken = heard.take()
    if taken is None:
        return None
    data, info = taken
    stamp_ns, received = _stamp(data), received_ns(info)
    sent = int(info.get('source_timestamp') or 0)
    played = sent and abs(sent - stamp_ns) > PLAYED_NS
    return Arrival(name, stamp_ns, received, data, sent if played else received)


def _stamp(data: bytes) -> int:
    """header.stamp of a message that begins with a header, 0 if it is too short for one."""
    if len(data) < _ENCAPSULATION + _HEADER.size:
        return 0
    layout = _HEADER if data[1] & 1 else struct.Struct('>iI')
    sec, nanosec = layout.unpack_from(data, _ENCAPSULATION)
    return int(sec) * NS + int(nanosec)
