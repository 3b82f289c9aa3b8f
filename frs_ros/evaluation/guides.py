# SPDX-License-Identifier: Apache-2.0
"""Guidance that is wrong on purpose, the same in every run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from frs_ros.evaluation.conditions import FLIPPED, NONE, RANDOM, Conditions
from frs_ros.messages.guidance import Guidance
from frs_ros.types import PrivilegedScene

Guide = Callable[[PrivilegedScene], 'Guidance | None']

# Keeps these draws apart from those of the plans, which share their episode's seed.
_STREAM = 0x6775696465
_D = 0.5**0.5
# [10, 3] what the oracle can say: eight horizontal directions, up and down.
COARSE_DIRECTIONS = np.array(
    [
        *((1, 0, 0), (_D, _D, 0), (0, 1, 0), (-_D, _D, 0)),
        *((-1, 0, 0), (-_D, -_D, 0), (0, -1, 0), (_D, -_D, 0)),
        *((0, 0, 1), (0, 0, -1)),
    ]
)


def guidance_rng(episode_seed: int, plan_index: int) -> np.random.Generator:
    """The generator of what is wrong with the guidance of a plan."""
    return np.random.default_rng(np.random.SeedSequence([episode_seed, plan_index, _STREAM]))


def distort(
    guidance: Guidance, probability: float, kind: str, rng: np.random.Generator
) -> Guidance:
    """The guidance, with its direction wrong with some probability.

    Deferral, magnitude and gripper stay as they are. A random direction may happen to be right.

    Args:
        guidance: The right one.
        probability: Of being wrong.
        kind: 'flipped' or 'random'.
        rng: Draws twice, whatever comes of it.
    """
    is_wrong = rng.random() < probability
    drawn = COARSE_DIRECTIONS[rng.integers(len(COARSE_DIRECTIONS))]
    if not is_wrong or not guidance.active or not np.any(guidance.direction):
        return guidance
    direction = -guidance.direction if kind == FLIPPED else drawn
    return replace(guidance, direction=direction, source=f'{guidance.source} ({kind})')


class EpisodeGuide:
    """The guide of one episode, asked once for each plan; deterministic in the episode's seed."""

    def __init__(self, guide: Guide, conditions: Conditions, episode_seed: int) -> None:
        """Distorts what `guide` says as the conditions demand."""
        self._guide = guide
        random = conditions.guidance == RANDOM
        self._probability = 1.0 if random else conditions.wrong
        self._kind = RANDOM if random else conditions.wrong_kind
        self._seed = episode_seed
        self._plans = 0

    def __call__(self, scene: PrivilegedScene) -> Guidance | None:
        """The guidance of the next plan."""
        rng = guidance_rng(self._seed, self._plans)
        self._plans += 1
        guidance = self._guide(scene)
        return guidance and distort(guidance, self._probability, self._kind, rng)


def episode_guide(guide: Guide | None, conditions: Conditions, episode_seed: int) -> Guide | None:
    """The guide of an episode under these conditions; None for no guidance at all."""
    if guide is None or conditions.guidance == NONE:
        return None
    return EpisodeGuide(guide, conditions, episode_seed)
