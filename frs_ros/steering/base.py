# SPDX-License-Identifier: Apache-2.0
"""The contract of a steering method."""

from __future__ import annotations

import zlib
from typing import Protocol, runtime_checkable

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import Observation, Plan


class Steerer(Protocol):
    """Makes plans.

    Without an active guidance every method is the unsteered policy exactly, except those that have
    learned to act when nobody steers (`registry.LEARNED`): they then act by their checkpoint, and
    follow an active guidance by a method of the first kind. A plan's method says who made it.
    """

    @property
    def name(self) -> str:
        """Method name as the command line and the messages spell it."""
        ...

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Plans a chunk.

        Args:
            policy: The frozen policy.
            observation: What it sees now; encoded once, or not at all by methods that do not
                ask the policy.
            guidance: The guidance, or None.
            rng: Source of all randomness; the first draw is the unsteered noise [H, D].
        """
        ...


@runtime_checkable
class Checked(Protocol):
    """A method with a checkpoint, or with options, that must fit the policy."""

    def check(self, policy: FlowPolicy) -> None:
        """Raises CheckpointError or ConfigError unless they fit."""
        ...


def plan_rng(episode_seed: int, plan_index: int) -> np.random.Generator:
    """The generator of the plan_index-th plan of an episode, the same in process and over ROS."""
    return np.random.default_rng(np.random.SeedSequence([episode_seed, plan_index]))


def episode_seed(seed: int, suite: str, task_id: int, init_id: int) -> int:
    """Seed of one episode's random draws, uint64: stable over machines, processes and versions.

    Episodes of a run differ from each other, methods on the same episode share their draws.
    """
    if min(seed, task_id, init_id) < 0:
        raise ConfigError('seed, task and init state must not be negative')
    entropy = [seed, zlib.crc32(suite.encode()), task_id, init_id]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
