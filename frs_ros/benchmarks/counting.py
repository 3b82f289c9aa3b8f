# SPDX-License-Identifier: Apache-2.0
"""A policy that keeps count of what is asked of it."""

from __future__ import annotations

from typing import Any

from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.policies.wrapped import WrappedPolicy
from frs_ros.types import Observation


class CountingPolicy(WrappedPolicy):
    """Counts and passes on to another policy.

    Attributes:
        encodes: Calls of `encode` so far.
        evaluations: Evaluations of `velocity` so far; a batch of n counts n.
    """

    def __init__(self, policy: FlowPolicy) -> None:
        super().__init__(policy)
        self.encodes = 0
        self.evaluations = 0

    def encode(self, observation: Observation) -> Context:
        """Counts and passes on."""
        self.encodes += 1
        return super().encode(observation)

    def velocity(self, x: Any, t: Any, context: Context) -> Any:
        """Counts and passes on."""
        self.evaluations += len(x)
        return super().velocity(x, t, context)
