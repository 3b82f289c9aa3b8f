# SPDX-License-Identifier: Apache-2.0
"""What is in a bag: episodes, topics, losses, and whether it was finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.bags.bag_topics import role
from frs_ros.bags.clock_steps import ClockSteps
from frs_ros.bags.episodes.assembler import EpisodeAssembler
from frs_ros.bags.episodes.bag_episodes import assembled
from frs_ros.bags.episodes.message_parts import image_of
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.bags.read.bag_file import BagMessage
from frs_ros.bags.read.bag_reader import Bag
from frs_ros.datasets.conversion import missing_topics
from frs_ros.documents import parse_yaml
from frs_ros.errors import DataError
from frs_ros.text import one_line

DROPPED, STATE = 'frs_ros.dropped', 'frs_ros.state'  # what our recorder adds to metadata.yaml
COMPLETE = 'complete'


@dataclass
class TopicSummary:
    """One topic of a bag.

    Attributes:
        name: With its namespace.
        type: Message type.
        count: Messages.
        size: Bytes of their data.
        first_ns: When the first was received, with steps of the clock bridged.
        last_ns: When the last was.
    """

    name: str
    type: str
    count: int = 0
    size: int = 0
    first_ns: int = 0
    last_ns: int = 0

    @property
    def rate(self) -> float:
        """Messages per second; 0 if there are fewer than two."""
        span = 1e-9 * (self.last_ns - self.first_ns)
        return (self.count - 1) / span if self.count > 1 and span > 0 else 0.0


@dataclass(frozen=True)
class EpisodeSummary:
    """One episode of a bag.

    Attributes:
        id: As in its messages.
        instruction: Task in words.
        outcome: 'success', 'failure', 'aborted' or 'unknown'.
        reason: Class of a failure or cause of an abortion.
        start_ns: Stamp of its beginning.
        duration: Seconds.
        chunks: Number of plans.
        steered_share: Part of them that followed guidance.
        without_noise: Number of them that have no noise label.
        policies: Identities of the policies.
        methods: Method -> number of chunks.
    """

    id: str
    instruction: str
    outcome: str
    reason: str
    start_ns: int
    duration: float
    chunks: int
    steered_share: float
    without_noise: int
    policies: tuple[str, ...]
    methods: Mapping[str, int]


@dataclass(frozen=True)
class BagSummary:
    """One bag.

    Attributes:
        path: The bag.
        storage: 'mcap' or 'sqlite3'.
        size: Bytes of its files.
        finished: Whether its recorder ended it, and all of it could be read.
        notes: What could not be read, and what was wrong.
        start_ns: When the first message was received.
        end_ns: When the last one was.
        topics: By name.
        episodes: In order.
        dropped: Topic -> messages that the recorder lost; None if it does not say.
        missing: Topics that `frs bag convert` would need.
    """

    path: str
    storage: str
    size: int
    finished: bool
    notes: tuple[str, ...]
    start_ns: int
    end_ns: int
    topics: tuple[TopicSummary, ...]
    episodes: tuple[EpisodeSummary, ...]
    dropped: Mapping[str, int] | None
    missing: tuple[str, ...]


def summarise(bag: Bag, progress: Callable[[int], Any] = lambda position: None) -> BagSummary:
    """Reads a bag once from front to back; of each camera the first image is decoded."""
    assembler = EpisodeAssembler(prepare=_nothing)
    topics: dict[str, TopicSummary] = {}
    episodes, clock = [], ClockSteps()
    refused: list[str] = []
    for message, found in assembled(bag, assembler, progress):
        episodes += [_episode(episode) for episode in found]
        if message is None:
            continue
        stamp_ns = clock.time(message.stamp_ns)
        topic = topics.get(message.topic)
        if topic is None:
            kind = bag.channel(message.topic).type
            topic = topics[message.topic] = TopicSummary(
                message.topic, kind, first_ns=stamp_ns, last_ns=stamp_ns
            )
            refused += _refused(bag, message)
        topic.count += 1
        topic.size += len(message.data)
        topic.first_ns = min(topic.first_ns, stamp_ns)
        topic.last_ns = max(topic.last_ns, stamp_ns)
    for name, channel in bag.channels.items():
        topics.setdefault(name, TopicSummary(name, channel.type))
    heard = [topic for topic in topics.values() if topic.count]
    counted = [f'{count} {name}' for name, count in sorted(assembler.counts.items())]
    state = bag.custom.get(STATE, COMPLETE)
    notes = [*bag.notes, *([] if state == COMPLETE else [f'unfinished: {one_line(state)}'])]
    return BagSummary(
        path=str(bag.path),
        storage=bag.storage,
        size=bag.size,
        finished=not notes,
        notes=(
            *notes,
            *clock.lines,
            *bag.remarks,
            *counted,
            *assembler.complaints,
            *assembler.remarks,
            *refused,
        ),
        start_ns=min((topic.first_ns for topic in heard), default=0),
        end_ns=max((topic.last_ns for topic in heard), default=0),
        topics=tuple(topics[name] for name in sorted(topics)),
        episodes=tuple(episodes),
        dropped=_dropped(bag),
        missing=tuple(missing_topics({t.name: t.type for t in topics.values()})),
    )


def _refused(bag: Bag, message: BagMessage) -> list[str]:
    """A line on an image of a camera that is not read, such as one of an unknown encoding."""
    part = role(message.topic)
    if part is None or not part.camera:
        return []
    try:
        image_of(bag.deserialize(message.topic, message.data))
    except (DataError, AttributeError, TypeError, ValueError) as error:
        return [f'{message.topic}: its first image is not read: {one_line(error)}']
    return []


def _nothing(message: Any) -> bool:
    """In the place of an image."""
    return message is not None


def _episode(episode: RecordedEpisode) -> EpisodeSummary:
    chunks = [recorded.chunk for recorded in episode.chunks]
    return EpisodeSummary(
        id=episode.id,
        instruction=episode.instruction,
        outcome=episode.outcome,
        reason=episode.reason,
        start_ns=episode.start_ns,
        duration=episode.duration,
        chunks=len(chunks),
        steered_share=episode.steered_share,
        without_noise=sum(not np.isfinite(chunk.noise).all() for chunk in chunks),
        policies=tuple(sorted({chunk.policy_id for chunk in chunks})),
        methods=dict(Counter(chunk.method for chunk in chunks)),
    )


def _dropped(bag: Bag) -> Mapping[str, int] | None:
    """What the recorder lost, as it says in metadata.yaml."""
    if DROPPED not in bag.custom:
        return None
    try:
        content = parse_yaml(bag.custom[DROPPED], DROPPED) or {}
        return {str(topic): int(count) for topic, count in content.items()}
    except (DataError, AttributeError, TypeError, ValueError) as error:
        raise DataError(
            f'{bag.path}: {DROPPED} in metadata.yaml is damaged: {one_line(error)}'
        ) from error
