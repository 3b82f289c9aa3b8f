# SPDX-License-Identifier: Apache-2.0
"""From bags to a dataset: `frs bag convert`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from frs_ros.bags import bag_topics
from frs_ros.bags.episodes.assembler import AssemblerSettings, EpisodeAssembler
from frs_ros.bags.episodes.bag_episodes import episodes_of
from frs_ros.bags.read.bag_reader import Bag, distinct
from frs_ros.datasets.dataset_builder import IMAGE_SIZE, DatasetBuilder, Shrinker
from frs_ros.datasets.distillation import DistillationInfo, Source
from frs_ros.errors import DataError
from frs_ros.folders import whole_folder
from frs_ros.policies.identity import PolicyInfo

TWICE = 'episodes that were recorded twice'
IMAGES = '<camera>/color/image_raw/compressed (or without /compressed)'


@dataclass(frozen=True)
class ConversionSettings:
    """What becomes of which episodes.

    Attributes:
        outcomes: Episodes that end otherwise are left out; None for all.
        image_size: Height and width of the images, pixels.
        cameras: Names in the order in which a noise policy is fed; None for all there are.
        policy: Whose noise is wanted; None for the only one there is.
        limit: Episodes to keep, the first ones; 0 for all.
    """

    outcomes: tuple[str, ...] | None = ('success',)
    image_size: int = IMAGE_SIZE
    cameras: tuple[str, ...] | None = None
    policy: PolicyInfo | None = None
    limit: int = 0


@dataclass(frozen=True)
class Conversion:
    """What was done.

    Attributes:
        info: Description of the dataset.
        episodes: Number of episodes in it.
        samples: Number of chunks in it.
        notes: Lines about what could not be read, each with its bag.
        seconds: How long it took.
    """

    info: DistillationInfo
    episodes: int
    samples: int
    notes: tuple[str, ...]
    seconds: float


@dataclass
class _Found:
    """What the bags had besides episodes."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    episodes: set[str] = field(default_factory=set)


def convert(
    bags: Sequence[Bag],
    folder: Path,
    settings: ConversionSettings,
    progress: Callable[[int], Any] = lambda position: None,
    clock: Callable[[], float] = time.monotonic,
) -> Conversion:
    """Writes the dataset of some bags, episode by episode.

    Args:
        bags: In order.
        folder: Of the new dataset.
        settings: What becomes of which episodes.
        progress: Called with the bytes read so far, of all bags together.
        clock: For `Conversion.seconds`.

    Raises:
        DataError: Nothing can be learned from the bags, or the noise is that of several policies;
            no folder is left then.
    """
    began = clock()
    bags, lines = distinct(bags)
    with whole_folder(folder) as unfinished:
        builder = DatasetBuilder(
            unfinished,
            outcomes=settings.outcomes,
            image_size=settings.image_size,
            cameras=settings.cameras,
            policy=settings.policy,
            limit=settings.limit,
        )
        found, before = _Found(notes=lines), 0
        for bag in bags:
            _add(bag, builder, found, settings, partial(_shifted, progress, before))
            before += bag.size
        info = _finish(bags, builder, found)
    return Conversion(info, builder.episodes, builder.samples, tuple(found.notes), clock() - began)


def _shifted(progress: Callable[[int], Any], start: int, position: int) -> None:
    progress(start + position)


def missing_topics(topics: Mapping[str, str]) -> list[str]:
    """What a bag lacks to learn from that has these topics, each with its message type."""
    known = [topic for topic, kind in topics.items() if bag_topics.believed(topic, kind)]
    kinds = {part.kind for part in map(bag_topics.role, known) if part is not None}
    missing = [kind for kind in bag_topics.NEEDED if kind not in kinds]
    images = {bag_topics.COMPRESSED, bag_topics.RAW} & kinds
    return missing if images else [*missing, IMAGES]


def _add(
    bag: Bag,
    builder: DatasetBuilder,
    found: _Found,
    settings: ConversionSettings,
    progress: Callable[[int], Any],
) -> None:
    rules = AssemblerSettings(cameras=settings.cameras)
    assembler = EpisodeAssembler(rules, Shrinker(settings.image_size))
    used = 0
    for episode in episodes_of(bag, assembler, progress):
        if episode.digest in found.episodes:
            found.counts[TWICE] += 1
            continue
        found.episodes.add(episode.digest)
        used += builder.add(episode, bag.name)
    found.counts.update(assembler.counts)
    if assembler.unreadable_images:
        found.counts['unreadable images'] += assembler.unreadable_images
    lines = [*bag.notes, *bag.remarks, *assembler.complaints, *assembler.remarks]
    missing = missing_topics({name: c.type for name, c in bag.channels.items()})
    if missing:
        found.missing.append(f'{bag.path} has no topic {", ".join(missing)}')
        lines.append(f'it has no topic {", ".join(missing)}')
    found.notes += [f'{bag.path}: {line}' for line in lines]
    if used:
        found.sources.append(Source(bag.name, bag.digest()))


def _finish(bags: Sequence[Bag], builder: DatasetBuilder, found: _Found) -> DistillationInfo:
    if not builder.episodes and found.missing:
        raise DataError('; '.join(found.missing))
    try:
        return builder.finish(found.sources, found.counts)
    except DataError as error:
        names = ', '.join(str(bag.path) for bag in bags)
        lines = '; '.join(found.notes)
        raise DataError(f'{names}: {error}' + (f' ({lines})' if lines else '')) from error
