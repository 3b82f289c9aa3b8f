# SPDX-License-Identifier: Apache-2.0
"""The contract of a steering method."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from frs_ros.guidance.guidance import Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import Observation, Plan


class Steerer(Protocol):
    """Makes one plan. Without an active guidance every method equals the unsteered policy exactly.

    Attributes:
        name: Method name as the command line and the messages spell it.
    """

    name: str

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Guidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Plans a chunk.

        Args:
            policy: The frozen policy.
            observation: What it sees now; encoded exactly once.
            guidance: The wish, or None.
            rng: Source of all randomness; the first draw is the unsteered noise [H, D].
        """
        ...


def plan_rng(episode_seed: int, plan_index: int) -> np.random.Generator:
    """The generator of the plan_index-th plan of an episode, the same in process and over ROS."""
    return np.random.default_rng(np.random.SeedSequence([episode_seed, plan_index]))
