# SPDX-License-Identifier: Apache-2.0
"""A policy that keeps count of what is asked of it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.types import Observation


class CountingPolicy:
    """Passes everything on to another policy.

    Attributes:
        encodes: Calls of `encode` so far.
        evaluations: Evaluations of `velocity` so far; a batch of n counts n.
    """

    def __init__(self, policy: FlowPolicy) -> None:
        self.policy = policy
        self.spec = policy.spec
        self.cameras = policy.cameras
        self.encodes = 0
        self.evaluations = 0

    def encode(self, observation: Observation) -> Context:
        """Counts and passes on."""
        self.encodes += 1
        return self.policy.encode(observation)

    def velocity(self, x: Any, t: Any, context: Context) -> Any:
        """Counts and passes on."""
        self.evaluations += len(x)
        return self.policy.velocity(x, t, context)

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Any:
        """Passes on."""
        return self.policy.to_model(chunk, observation)

    def from_model(self, x: Any, observation: Observation) -> np.ndarray:
        """Passes on."""
        return self.policy.from_model(x, observation)

    def asarray(self, x: np.ndarray) -> Any:
        """Passes on."""
        return self.policy.asarray(x)

    def inference(self) -> AbstractContextManager[Any]:
        """Passes on."""
        return self.policy.inference()
