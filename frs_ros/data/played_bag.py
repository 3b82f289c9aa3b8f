# SPDX-License-Identifier: Apache-2.0
"""A bag as a player needs it: topics with their quality of service, and raw messages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from frs_ros.data.bag_reader import Bag, open_bags
from frs_ros.data.playback import Recorded
from frs_ros.errors import ConfigError, DataError


@dataclass(frozen=True)
class PlayedTopic:
    """A topic of a bag.

    Attributes:
        name: As recorded.
        kind: Message type, as 'frs_ros/msg/Episode'.
        digest: Hash of the type's definition (REP 2011), '' if the bag does not tell.
        latched: Whether a late subscriber was to learn the last messages.
        depth: How many of them were kept for the network, 0 if unknown.
    """

    name: str
    kind: str
    digest: str = ''
    latched: bool = False
    depth: int = 0


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
        for topic, stamp_ns, data in Bag(self.path).messages(lambda name: name in topics):
            if stamp_ns >= start_ns:
                yield Recorded(topic, stamp_ns, bytes(data))


def open_played_bag(path: Path) -> PlayedBag:
    """Reads what is in a bag; DataError if it cannot be read or is empty."""
    bags = open_bags([path])
    if len(bags) > 1:
        names = ', '.join(bag.name for bag in bags)
        raise DataError(f'{path} holds several bags; name one of them: {names}')
    (bag,) = bags
    described = {topic.name: topic for topic in map(_described, _listed(bag))}
    span = _span(bag)
    if span is None or not described:
        span, names = _scanned(bag)
        kinds = {name: channel.type for name, channel in bag.channels.items() if name in names}
        described = {n: described.get(n, PlayedTopic(n, kind)) for n, kind in kinds.items()}
    ordered = tuple(described[name] for name in sorted(described))
    return PlayedBag(bag.path, ordered, *span)


def _listed(bag: Bag) -> list[Mapping[str, Any]]:
    """What metadata.yaml says of the topics."""
    entries = bag.metadata.get('topics_with_message_count') or []
    return [entry['topic_metadata'] for entry in entries if entry.get('message_count')]


def _described(about: Mapping[str, Any]) -> PlayedTopic:
    profiles = about.get('offered_qos_profiles') or []
    if isinstance(profiles, str):  # YAML within YAML, before Jazzy
        profiles = yaml.safe_load(profiles) or []
    # numbers before Jazzy: 1 is transient local
    latched = any(p.get('durability') in ('transient_local', 1) for p in profiles)
    depth = max((int(p.get('depth') or 0) for p in profiles), default=0)
    digest = str(about.get('type_description_hash') or '')
    return PlayedTopic(str(about['name']), str(about['type']), digest, latched, depth)


def _span(bag: Bag) -> tuple[int, int] | None:
    """Times of the first and the last message, None if that is not certain."""
    if bag.notes or bag.custom.get('frs_ros.state') == 'recording':
        return None
    try:
        start_ns = int(bag.metadata['starting_time']['nanoseconds_since_epoch'])
        duration_ns = int(bag.metadata['duration']['nanoseconds'])
    except (KeyError, TypeError, ValueError):
        return None
    return start_ns, start_ns + duration_ns


def _scanned(bag: Bag) -> tuple[tuple[int, int], set[str]]:
    """The same, and the topics, by reading all of it; DataError if it is empty."""
    stamps, names = [], set()
    for topic, stamp_ns, _ in bag.messages():
        stamps = [min(stamps[0], stamp_ns), max(stamps[1], stamp_ns)] if stamps else [stamp_ns] * 2
        names.add(topic)
    if not stamps:
        raise DataError(f'bag {bag.path} holds no messages')
    return (stamps[0], stamps[1]), names


def _ends_with(topic: str, word: str) -> bool:
    return topic == word or topic.endswith('/' + word.lstrip('/'))
