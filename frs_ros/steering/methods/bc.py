# SPDX-License-Identifier: Apache-2.0
"""Standard behaviour cloning as a method: what distilled steering is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.base import Steerer
from frs_ros.steering.kernel import draw_noise
from frs_ros.steering.methods.frs import FlowReversalSteering
from frs_ros.types import Observation, Plan

if TYPE_CHECKING:
    from frs_ros.policies.noise.policy import ClonedPolicy


@dataclass(frozen=True)
class BehaviourCloning:
    """Observation -> small flow-matching network -> actions; the generalist is not asked.

    While somebody steers, `steer` plans. The plan has no noise of the generalist: NaN.

    Attributes:
        checkpoint: What `frs train bc` wrote; read at the first use. One that is
            trained anew in the meantime counts when the method is chosen again.
        steer: Plans under active guidance.
    """

    name: ClassVar[str] = 'bc'
    checkpoint: str
    steer: Steerer = field(default_factory=FlowReversalSteering)

    def check(self, policy: FlowPolicy) -> None:
        """Loads the checkpoint; CheckpointError or ConfigError unless it is for this policy."""
        self._network(policy)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Plans by the network, or by `steer`; see `steering.base.Steerer.plan`."""
        network = self._network(policy)
        if guidance is not None and guidance.active:
            return self.steer.plan(policy, observation, guidance, rng)
        fresh = draw_noise(policy, rng)
        return Plan(
            chunk=network.chunk(observation, fresh),
            noise=np.full_like(fresh, np.nan),
            method=self.name,
            nfe=0,
        )

    def _network(self, policy: FlowPolicy) -> ClonedPolicy:
        self._loaded.check(policy)
        return self._loaded

    @cached_property
    def _loaded(self) -> ClonedPolicy:
        # torch is needed here only: steering itself does without
        from frs_ros.policies.noise.checkpoint import load_noise_policy
        from frs_ros.policies.noise.policy import ClonedPolicy

        return load_noise_policy(self.checkpoint, ClonedPolicy)
