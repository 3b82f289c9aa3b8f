# SPDX-License-Identifier: Apache-2.0
"""From recorded episodes to the dataset of a noise policy; what is left out is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.bags.episodes.message_parts import image_of
from frs_ros.bags.episodes.recorded_episode import RecordedChunk, RecordedEpisode
from frs_ros.datasets.distillation import (
    DatasetWriter,
    DistillationEpisode,
    DistillationInfo,
    Source,
)
from frs_ros.errors import ConfigError, DataError
from frs_ros.messages.plan import ActionChunk
from frs_ros.policies import images
from frs_ros.policies.identity import PolicyInfo
from frs_ros.types import CameraSpec

IMAGE_SIZE = 84  # of the networks in arXiv 2606.13675, appendix E

NO_NOISE = 'chunks without noise'
NO_IMAGES = 'chunks without images'
NO_STATE = 'chunks without robot state'
OTHER_POLICY = 'chunks of another policy'
BEYOND_LIMIT = 'episodes beyond the limit'


class Shrinker:
    """`prepare` of the assembler: an image becomes small at once, and is decoded once.

    Args:
        size: Height and width of the result, pixels.
    """

    def __init__(self, size: int = IMAGE_SIZE) -> None:
        if not 8 <= size <= 1024:
            raise ConfigError(f'the image size must be between 8 and 1024 pixels, not {size}')
        self.size = size

    def __call__(self, message: Any) -> np.ndarray:
        """[size, size, 3] uint8 RGB of a message, resized as noise policies see images."""
        return images.resampled(image_of(message), CameraSpec('', self.size, self.size))


class DatasetBuilder:
    """Takes recorded episodes, writes a dataset.

    Args:
        folder: Of the new dataset.
        outcomes: Episodes that end otherwise are left out; None for all.
        image_size: That of the `Shrinker` that the assembler was given.
        cameras: Names in the order in which a noise policy is fed; None for those of the first
            episode in alphabetical order.
        policy: Whose noise is wanted; None for the only one there is.
        limit: Episodes to write, the first ones; 0 for all.

    Attributes:
        dropped: What was left out -> how often.
        outcomes: Outcome -> number of episodes offered.
        policies: Policy -> number of chunks offered.
        episodes: Number of episodes written.
        samples: Number of chunks written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        outcomes: Sequence[str] | None = ('success',),
        image_size: int = IMAGE_SIZE,
        cameras: Sequence[str] | None = None,
        policy: PolicyInfo | None = None,
        limit: int = 0,
    ) -> None:
        if limit < 0:
            raise ConfigError(f'the limit of episodes must not be negative, not {limit}')
        self._limit = limit
        self._writer = DatasetWriter(folder)
        self._folder, self._accepted, self._image_size = folder, outcomes, image_size
        self._cameras = None if cameras is None else tuple(cameras)
        self._asked = self._policy = policy
        self._state_dim = 0
        self.dropped: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.policies: Counter[PolicyInfo] = Counter()
        self.episodes = self.samples = 0

    def add(self, episode: RecordedEpisode, source: str) -> bool:
        """Writes what can be learned from of an episode; returns whether that is anything."""
        self.outcomes[episode.outcome] += 1
        if self._accepted is not None and episode.outcome not in self._accepted:
            self.dropped[f'episodes: {episode.outcome}'] += 1
            return False
        if self._limit and self.episodes == self._limit:
            self.dropped[BEYOND_LIMIT] += 1
            return False
        chunks = [chunk for chunk in episode.chunks if self._usable(chunk.chunk)]
        if chunks and self._cameras is None:
            self._cameras = tuple(sorted({c for chunk in chunks for c in chunk.images})) or None
        chunks = [chunk for chunk in chunks if self._complete(chunk)]
        if not chunks:
            self.dropped['episodes without usable chunks'] += 1
            return False
        self._writer.add(self._episode(episode, chunks, source), self._info())
        self.episodes += 1
        self.samples += len(chunks)
        return True

    def finish(
        self, sources: Iterable[Source] = (), dropped: Mapping[str, int] | None = None
    ) -> DistillationInfo:
        """Writes the description.

        Args:
            sources: Where the episodes came from.
            dropped: What was left out before it came here.

        Raises:
            DataError: There is nothing to learn from, or the noise is that of several policies;
                nothing is left on the disk then.
        """
        everything = Counter(dropped or {}) + self.dropped
        try:
            self._check(everything)
        except DataError:
            self._writer.discard()
            raise
        info = self._info(tuple(sources), dict(everything))
        self._writer.finish(info)
        return info

    def discard(self) -> None:
        """Removes what was written."""
        self._writer.discard()

    def _usable(self, chunk: ActionChunk) -> bool:
        """Whether there is a label of the right policy."""
        if not np.isfinite(chunk.noise).all() or not chunk.noise.size:
            self.dropped[NO_NOISE] += 1
            return False
        policy = _policy_of(chunk)
        self.policies[policy] += 1
        if self._policy is None:
            self._policy = policy
        if not _same(policy, self._policy):
            self.dropped[OTHER_POLICY] += 1
            return False
        return True

    def _complete(self, chunk: RecordedChunk) -> bool:
        """Whether there is an observation."""
        if not self._cameras or any(camera not in chunk.images for camera in self._cameras):
            self.dropped[NO_IMAGES] += 1
            return False
        if chunk.state is None or (self._state_dim and len(chunk.state) != self._state_dim):
            self.dropped[NO_STATE] += 1
            return False
        self._state_dim = len(chunk.state)
        return True

    def _episode(
        self, episode: RecordedEpisode, chunks: Sequence[RecordedChunk], source: str
    ) -> DistillationEpisode:
        assert self._cameras is not None
        plans = [recorded.chunk for recorded in chunks]
        states = [recorded.state for recorded in chunks if recorded.state is not None]
        return DistillationEpisode(
            id=episode.id,
            instruction=episode.instruction,
            outcome=episode.outcome,
            seed=episode.seed,
            source=source,
            images={name: np.stack([c.images[name] for c in chunks]) for name in self._cameras},
            state=np.stack(states),
            noise=np.stack([plan.noise for plan in plans]),
            actions=np.stack([plan.actions for plan in plans]),
            executed=np.array([plan.execute_steps for plan in plans], dtype=np.int64),
            stamp_ns=np.array([plan.stamp_ns for plan in plans], dtype=np.int64),
            method=np.array([plan.method for plan in plans]),
            steered=np.array([recorded.steered for recorded in chunks]),
        )

    def _info(
        self, sources: tuple[Source, ...] = (), dropped: Mapping[str, int] | None = None
    ) -> DistillationInfo:
        assert self._policy is not None
        assert self._cameras is not None
        return DistillationInfo(
            self._policy, self._cameras, self._image_size, self._state_dim, sources, dropped or {}
        )

    def _check(self, dropped: Mapping[str, int]) -> None:
        if self._asked is None and len(self.policies) > 1:
            raise DataError(
                f'noise of {len(self.policies)} policies, which mean nothing to each other: '
                f'{_spell_all(self.policies)}; name the one that is wanted with --policy'
            )
        if self.episodes:
            return
        if not self.outcomes:
            raise DataError('no episode was found')
        kept = {k: v for k, v in self.outcomes.items() if k in (self._accepted or self.outcomes)}
        if not kept:
            raise DataError(
                f'no {_one_of(self._accepted)} among {_counted(self.outcomes)} episodes'
            )
        if self._asked is not None and self.policies and not self._has_asked():
            raise DataError(
                f'the noise is that of another policy: {_spell_all(self.policies)}; wanted is '
                f'{_spell(self._asked)}'
            )
        raise DataError(f'nothing to learn from is left, there are {_counted(dropped)}')

    def _has_asked(self) -> bool:
        return any(_same(policy, self._asked) for policy in self.policies if self._asked)


def _policy_of(chunk: ActionChunk) -> PolicyInfo:
    (horizon, dim), width = chunk.actions.shape, chunk.noise.shape[1]
    return PolicyInfo(chunk.policy_id, horizon, dim, width, chunk.space, chunk.control_hz)


def _same(one: PolicyInfo, other: PolicyInfo | None) -> bool:
    """Whether noise of one means something to the other; a policy that says nothing may."""
    if other is None or (one.policy_id and other.policy_id and one.policy_id != other.policy_id):
        return False
    return (one.horizon, one.action_dim, one.model_dim, one.action_space, one.control_hz) == (
        other.horizon,
        other.action_dim,
        other.model_dim,
        other.action_space,
        other.control_hz,
    )


def _spell(policy: PolicyInfo) -> str:
    name = policy.policy_id or 'a policy without identity'
    return f'{name} (noise {policy.horizon} x {policy.model_dim}, {policy.control_hz:g} Hz)'


def _spell_all(policies: Counter[PolicyInfo]) -> str:
    return ', '.join(f'{_spell(policy)} in {count} chunks' for policy, count in policies.items())


def _counted(counts: Mapping[str, int]) -> str:
    return ', '.join(f'{count} {name}' for name, count in sorted(counts.items()))


def _one_of(outcomes: Sequence[str] | None) -> str:
    return ' or '.join(outcomes or ('episode',))
