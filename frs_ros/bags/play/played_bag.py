# SPDX-License-Identifier: Apache-2.0
"""A bag as a player needs it: topics with their quality of service, and raw messages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frs_ros.bags.clock_steps import BACK_NS, ClockSteps
from frs_ros.bags.play.playback import Recorded
from frs_ros.bags.read.bag_file import MOST_TOPICS
from frs_ros.bags.read.bag_reader import METADATA, Bag, open_bags
from frs_ros.documents import parse_yaml
from frs_ros.errors import ConfigError, DataError
from frs_ros.text import one_line

MOST_KEPT = 1000  # messages of a topic that a publisher keeps, whatever metadata.yaml says


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

    Times are those of receipt, with steps of the clock bridged (`ClockSteps`).

    Attributes:
        path: The bag.
        topics: What is in it, by name.
        start_ns: Time of the first message.
        end_ns: Time of the last one.
        notes: What could not be read; complete when `messages` is through.
        steps: Where the clock was set; the same.
    """

    path: Path
    topics: tuple[PlayedTopic, ...]
    start_ns: int
    end_ns: int
    notes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def choose(self, words: Collection[str]) -> tuple[PlayedTopic, ...]:
        """Topics that are called so, or end so; all for no words; ConfigError if there is none."""
        for word in words:
            if not any(_ends_with(topic.name, word) for topic in self.topics):
                names = one_line(', '.join(topic.name for topic in self.topics), 1000)
                raise ConfigError(f"bag {self.path} has no topic '{word}'; it has {names}")
        return tuple(
            t for t in self.topics if not words or any(_ends_with(t.name, w) for w in words)
        )

    def messages(self, topics: Collection[str], start_ns: int) -> Iterator[Recorded]:
        """Messages of these topics from a time on, in the order of recording."""
        bag, clock = Bag(self.path), ClockSteps()
        for topic, stamp_ns, data in bag.messages():  # all, for a step is one of all topics
            time_ns = clock.time(stamp_ns)
            if topic in topics and time_ns >= start_ns:
                yield Recorded(topic, time_ns, bytes(data))
        self.notes[:], self.steps[:] = bag.notes, clock.lines


def open_played_bag(path: Path) -> PlayedBag:
    """Reads what is in a bag; DataError if it cannot be read or is empty."""
    bags = open_bags([path])
    if len(bags) > 1:
        names = one_line(', '.join(bag.name for bag in bags))
        raise DataError(f'{path} holds several bags; name one of them: {names}')
    (bag,) = bags
    described = {topic.name: topic for topic in _listed(bag)}
    span, steps = _span(bag), []
    if span is None or not described:
        span, names, steps = _scanned(bag)
        kinds = {name: channel.type for name, channel in bag.channels.items() if name in names}
        described = {n: described.get(n, PlayedTopic(n, kind)) for n, kind in kinds.items()}
    ordered = tuple(described[name] for name in sorted(described))
    return PlayedBag(bag.path, ordered, *span, steps=steps)


def _listed(bag: Bag) -> list[PlayedTopic]:
    """What metadata.yaml says of the topics; nothing if any of it makes no sense."""
    try:
        entries = (bag.metadata.get('topics_with_message_count') or [])[:MOST_TOPICS]
        return [_described(e['topic_metadata']) for e in entries if e.get('message_count')]
    except (AttributeError, DataError, KeyError, OverflowError, TypeError, ValueError):
        return []


def _described(about: Mapping[str, Any]) -> PlayedTopic:
    profiles = about.get('offered_qos_profiles') or []
    if isinstance(profiles, str):  # YAML within YAML, before Jazzy
        profiles = parse_yaml(profiles, METADATA) or []
    # numbers before Jazzy: 1 is transient local
    latched = any(p.get('durability') in ('transient_local', 1) for p in profiles)
    depth = max((int(p.get('depth') or 0) for p in profiles), default=0)
    digest = str(about.get('type_description_hash') or '')
    name, kind = str(about['name']), str(about['type'])
    return PlayedTopic(name, kind, digest, latched, min(depth, MOST_KEPT))


def _span(bag: Bag) -> tuple[int, int] | None:
    """Times of the first and the last message, None if that is not certain."""
    if bag.notes or bag.custom.get('frs_ros.state') == 'recording':
        return None
    try:
        start_ns = int(bag.metadata['starting_time']['nanoseconds_since_epoch'])
        duration_ns = int(bag.metadata['duration']['nanoseconds'])
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
    messages = bag.messages()
    first = next(messages, None)
    messages.close()
    if first is None or duration_ns < 0 or abs(first.stamp_ns - start_ns) > BACK_NS:
        return None  # its clock was set
    return start_ns, start_ns + duration_ns


def _scanned(bag: Bag) -> tuple[tuple[int, int], set[str], list[str]]:
    """The same, the topics, and steps of the clock, by reading all; DataError if it is empty."""
    times: list[int] = []
    names, clock = set(), ClockSteps()
    for topic, stamp_ns, _ in bag.messages():
        time_ns = clock.time(stamp_ns)
        times = [min(times[0], time_ns), max(times[1], time_ns)] if times else [time_ns] * 2
        names.add(topic)
    if not times:
        lines = one_line('; '.join(bag.notes))
        raise DataError(f'bag {bag.path} holds no messages' + (f' ({lines})' if lines else ''))
    return (times[0], times[1]), names, clock.lines


def _ends_with(topic: str, word: str) -> bool:
    return topic == word or topic.endswith('/' + word.lstrip('/'))
