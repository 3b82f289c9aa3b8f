# SPDX-License-Identifier: Apache-2.0
"""Distilled steering (DSBC, arXiv 2606.13675): a noise policy steers instead of the operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.base import Steerer
from frs_ros.steering.kernel import Steering
from frs_ros.steering.methods.frs import FlowReversalSteering
from frs_ros.types import Observation, Plan

if TYPE_CHECKING:
    from frs_ros.policies.noise.policy import NoisePolicy


@dataclass(frozen=True)
class Dsbc:
    """Observation -> noise policy -> noise -> the generalist's own sampler.

    While somebody steers, `steer` plans: a correction counts chunk by chunk, and the plan bears
    its name. The padding's noise is the unsteered one, and all of it is where the network has
    learned to let go: that chunk is the unsteered one bit for bit.

    Attributes:
        checkpoint: What `frs train dsbc` wrote; read at the first use. One that is
            trained anew in the meantime counts when the method is chosen again.
        draw: 'mean', the most likely noise, or 'sample', drawn from what was learned with the
            numbers of the unsteered noise: where a whole chunk was learned to be N(0, 1), that is
            the unsteered plan.
        steer: Plans under active guidance.
    """

    name: ClassVar[str] = 'dsbc'
    checkpoint: str
    draw: str = 'mean'
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
        """Plans by the noise policy, or by `steer`; see `steering.base.Steerer.plan`."""
        network = self._network(policy)
        if guidance is not None and guidance.active:
            return self.steer.plan(policy, observation, guidance, rng)
        with policy.inference():
            s = Steering(policy, observation, None, rng)
            noise, deferred = network.noise(observation, s.noise, self.draw, rng.random())
            numbers = {'deferred': float(deferred)}
            return s.plan(s.sample(noise[None]), noise, self.name, numbers)

    def _network(self, policy: FlowPolicy) -> NoisePolicy:
        self._loaded.check(policy)
        self._loaded.check_draw(self.draw)
        return self._loaded

    @cached_property
    def _loaded(self) -> NoisePolicy:
        # torch is needed here only: steering itself does without
        from frs_ros.policies.noise.checkpoint import load_noise_policy
        from frs_ros.policies.noise.policy import NoisePolicy

        return load_noise_policy(self.checkpoint, NoisePolicy)
