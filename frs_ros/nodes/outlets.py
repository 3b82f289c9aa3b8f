# SPDX-License-Identifier: Apache-2.0
"""The publishers of a player: the topics of a bag, their quality of service, flow control."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator

from rclpy.exceptions import NameValidationException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.validate_full_topic_name import validate_full_topic_name

from frs_ros.bags.play.playback import Recorded
from frs_ros.bags.play.played_bag import PlayedTopic
from frs_ros.errors import DataError
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.definitions import message_class
from frs_ros.ros.message_info import acknowledged
from frs_ros.text import one_line

MIN_DEPTH = 10  # of topics that are not latched, in messages
WINDOW = 2**24  # bytes that may be on their way to a slow subscriber
SLICE = 0.1  # s between two looks at whether to go on waiting
FAREWELL = 2.0  # s for which a slow subscriber is waited for at the end


class Outlet:
    """Publishes the raw messages of one topic.

    Args:
        node: Whose publisher it is.
        publisher: Its publisher.
        depth: Messages that it keeps for subscribers.
    """

    def __init__(self, node: Node, publisher: Publisher, depth: int) -> None:
        self._node, self._publisher, self._depth = node, publisher, depth
        self._sent = self._bytes = 0  # since all was acknowledged

    @property
    def listeners(self) -> int:
        """Matched subscribers."""
        return int(self._publisher.get_subscription_count())

    def publish(self, data: bytes) -> None:
        """Publishes one message."""
        self._sent += 1
        self._bytes += len(data)
        with self._ending():
            self._publisher.publish(data)

    @property
    def full(self) -> bool:
        """Whether a further message could push out one that is not acknowledged."""
        return self._sent >= self._depth or self._bytes >= WINDOW

    def drain(self, give_up: Callable[[], bool]) -> None:
        """Waits until all reliable subscribers have acknowledged everything."""
        while not acknowledged(self._publisher, SLICE) and not give_up():
            pass
        self._sent = self._bytes = 0

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """After Ctrl-C the middleware is gone before the thread that publishes."""
        try:
            yield
        except RuntimeError:  # rclpy's RCLError is one
            if self._node.context.ok():
                raise


class Outlets:
    """Publishers for the topics of a bag.

    Args:
        node: Whose publishers they are.
        played: Topics of the bag.
        prefix: Namespace before their names, '' for none.
        warn: Told of topics that cannot be played, a line each.

    Raises:
        NameValidationException: ROS does not allow the prefix.
        DataError: No topic can be played.
    """

    def __init__(
        self,
        node: Node,
        played: Iterable[PlayedTopic],
        prefix: str,
        warn: Callable[[str], None],
    ) -> None:
        if prefix:
            validate_full_topic_name(f'/{prefix.strip("/")}/name')
        self._outlets: dict[str, Outlet] = {}
        for topic in played:
            try:
                self._outlets[topic.name] = _outlet(node, topic, prefix)
            except DataError as error:
                warn(f'{topic.name} is not played: {error}')
        if not self._outlets:
            raise DataError('no topic of the bag can be played')

    @property
    def topics(self) -> tuple[str, ...]:
        """Recorded names of the topics that are played."""
        return tuple(self._outlets)

    @property
    def listeners(self) -> int:
        """Matched subscribers of all topics."""
        return sum(outlet.listeners for outlet in self._outlets.values())

    def publish(self, message: Recorded) -> None:
        """Publishes a message at once."""
        self._outlets[message.topic].publish(message.data)

    def publish_gently(self, message: Recorded, give_up: Callable[[], bool]) -> None:
        """Publishes a message once its publisher has room, so that it pushes out no other."""
        outlet = self._outlets[message.topic]
        if outlet.full:
            outlet.drain(give_up)
        outlet.publish(message.data)

    def flush(self, give_up: Callable[[], bool]) -> None:
        """Waits until everything is acknowledged, for a while."""
        end = time.monotonic() + FAREWELL
        for outlet in self._outlets.values():
            outlet.drain(lambda: give_up() or time.monotonic() > end)


def _outlet(node: Node, topic: PlayedTopic, prefix: str) -> Outlet:
    latched = topic.latched or topic.name.endswith(f'/{topics.EPISODE}')
    # of a latched topic more would reach those who come late
    depth = max(topic.depth, 1) if latched else max(topic.depth, MIN_DEPTH)
    kind = message_class(topic.kind)
    name = f'{prefix.rstrip("/")}{topic.name}'
    try:
        publisher = node.create_publisher(kind, name, qos.played(depth, latched=latched))
    except NameValidationException as error:
        raise DataError(f'ROS does not allow its name: {one_line(error)}') from error
    ours = _digest(node, publisher)
    if topic.digest and ours and topic.digest != ours:
        node.destroy_publisher(publisher)
        raise DataError(f'it was recorded with another definition of {topic.kind}')
    return Outlet(node, publisher, depth)


def _digest(node: Node, publisher: Publisher) -> str:
    """Hash of the definition of the publisher's type, '' if the middleware does not tell."""
    own = node.get_name(), node.get_namespace()
    for info in node.get_publishers_info_by_topic(publisher.topic_name):
        if (info.node_name, info.node_namespace) == own:
            digest = str(getattr(info, 'topic_type_hash', ''))
            return digest if digest.startswith('RIHS01_') else ''
    return ''
