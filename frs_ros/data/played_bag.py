# SPDX-License-Identifier: Apache-2.0
"""A bag as a player needs it: topics with their quality of service, and raw messages."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_ros.data.playback import Recorded
from frs_ros.errors import ConfigError, DataError, DependencyError


@dataclass(frozen=True)
class PlayedTopic:
    """A topic of a bag.

    Attributes:
        name: As recorded.
        kind: Message type, as 'frs_ros/msg/Episode'.
        digest: Hash of the type's definition (REP 2011), '' if the bag does not tell.
        latched: Whether a late subscriber was to learn the last messages.
        depth: How many of them were kept for the network, 0 if unknown.
        count: Messages.
    """

    name: str
    kind: str
    digest: str = ''
    latched: bool = False
    depth: int = 0
    count: int = 0


@dataclass(frozen=True)
class PlayedBag:
    """A bag that can be read over and over.

    Attributes:
        path: The bag.
        topics: What is in it, by name.
        start_ns: Time of the first message.
        end_ns: Time of the last one.
    """

    path: Path
    topics: tuple[PlayedTopic, ...]
    start_ns: int
    end_ns: int

    def choose(self, words: Collection[str]) -> tuple[PlayedTopic, ...]:
        """Topics that are called so, or end so; all for no words; ConfigError if there is none."""
        for word in words:
            if not any(_ends_with(topic.name, word) for topic in self.topics):
                names = ', '.join(topic.name for topic in self.topics)
                raise ConfigError(f"bag {self.path} has no topic '{word}'; it has {names}")
        return tuple(
            t for t in self.topics if not words or any(_ends_with(t.name, w) for w in words)
        )

    def messages(self, topics: Collection[str], start_ns: int) -> Iterator[Recorded]:
        """Messages of these topics from a time on, in the order of recording."""
        with _reading(self.path) as reader:
            wanted = [c for c in reader.connections if c.topic in topics]
            if wanted:
                for connection, stamp_ns, data in reader.messages(wanted, start=start_ns):
                    yield Recorded(connection.topic, stamp_ns, bytes(data))


def open_played_bag(path: Path) -> PlayedBag:
    """Reads what is in a bag; DataError if it cannot be read or is empty."""
    with _reading(path) as reader:
        if not reader.message_count:
            raise DataError(f'bag {path} holds no messages')
        topics: dict[str, PlayedTopic] = {}
        for connection in reader.connections:
            topics.setdefault(connection.topic, _topic(connection, reader.topics))
        ordered = tuple(topics[name] for name in sorted(topics))
        return PlayedBag(path, ordered, reader.start_time, reader.end_time - 1)


def _topic(connection: Any, infos: Any) -> PlayedTopic:
    profiles = connection.ext.offered_qos_profiles
    return PlayedTopic(
        connection.topic,
        connection.msgtype,
        connection.digest,
        any(profile.durability.name == 'TRANSIENT_LOCAL' for profile in profiles),
        max((profile.depth for profile in profiles), default=0),
        infos[connection.topic].msgcount,
    )


def _ends_with(topic: str, word: str) -> bool:
    return topic == word or topic.endswith('/' + word.lstrip('/'))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    try:
        from rosbags.highlevel import AnyReader, AnyReaderError
    except ModuleNotFoundError as error:
        raise DependencyError(
            'bags need the Python library rosbags: pip install rosbags'
        ) from error
    if not path.exists():
        raise DataError(f'there is no bag {path}')
    try:
        with AnyReader([path]) as reader:
            yield reader
    except AnyReaderError as error:
        raise DataError(f'bag {path} cannot be read: {str(error).splitlines()[0]}') from error
