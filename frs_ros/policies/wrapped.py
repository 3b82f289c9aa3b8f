# SPDX-License-Identifier: Apache-2.0
"""A policy around another one, for those that change or count one thing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from frs_ros.policies.base import Context, FlowPolicy, knows
from frs_ros.policies.identity import policy_id
from frs_ros.types import Observation


class WrappedPolicy:
    """Passes everything on to another policy; a `FlowPolicy`.

    Attributes:
        policy: The policy inside.
        spec: That of the policy inside; others may take its place.
        cameras: Those of the policy inside.
    """

    def __init__(self, policy: FlowPolicy) -> None:
        self.policy = policy
        self.spec = policy.spec
        self.cameras = policy.cameras

    @property
    def identity(self) -> str:
        """That of the policy inside."""
        return policy_id(self.policy)

    def knows(self, instruction: str) -> bool:
        """Whether the policy inside was trained on the instruction."""
        return knows(self.policy, instruction)

    def encode(self, observation: Observation) -> Context:
        """See `FlowPolicy`."""
        return self.policy.encode(observation)

    def velocity(self, x: Any, t: Any, context: Context) -> Any:
        """See `FlowPolicy`."""
        return self.policy.velocity(x, t, context)

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Any:
        """See `FlowPolicy`."""
        return self.policy.to_model(chunk, observation)

    def from_model(self, x: Any, observation: Observation) -> np.ndarray:
        """See `FlowPolicy`."""
        return self.policy.from_model(x, observation)

    def asarray(self, x: np.ndarray) -> Any:
        """See `FlowPolicy`."""
        return self.policy.asarray(x)

    def inference(self) -> AbstractContextManager[Any]:
        """See `FlowPolicy`."""
        return self.policy.inference()
