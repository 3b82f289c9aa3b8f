# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering with knobs: solver, guided dimensions, strength, depth and gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.grids import T_NOISE
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.checks import fraction
from frs_ros.steering.gate import Gate
from frs_ros.steering.guided_dims import Mask
from frs_ros.steering.kernel import GuidedMethod, Steered, Steering, unsteered
from frs_ros.steering.reversal import Inverter, Reversal, mix
from frs_ros.types import Observation, Plan


@dataclass(frozen=True)
class TunedReversalSteering(GuidedMethod):
    """Reference -> inverse solver -> gate -> mixture with the policy's own -> sampler.

    The defaults are `frs.FlowReversalSteering`, bit for bit. With z the recovered and e fresh
    noise, the sampler starts from sqrt(1 - w^2) e + w z, w being the strength in the guided
    dimensions times the gate's share, and 0 in all others: at w = 0 the plan is the unsteered one
    bit for bit. With a depth below 1 all of this happens at a later time, see `reversal.mix`;
    there is then no noise at t = 0 that the chunk comes from, and the plan's noise is NaN.

    Attributes:
        reference: Writes guidance as a reference chunk.
        name: Method name.
        invert: Inverse solver with its fallback.
        mask: Guided dimensions.
        strength: In [0, 1]: 0 is the plain policy, 1 follows the reference alone.
        depth: In (0, 1], how far the reference is reversed, rounded to whole steps of the native
            grid and at least one. Towards 0 the policy has ever less influence: that is direct
            execution, not the plain policy.
        inpaint: Reverse the guided dimensions beside the policy's own path of all others, which
            costs a plain plan. It finds noise that fits the others' (for labelling
            demonstrations); in steering it only cost success (docs/results.md).
        gate: Judges the guidance first; None follows all of it.
    """

    name: str = 'frs'  # type: ignore[misc]
    invert: Inverter = field(default_factory=Inverter)
    mask: Mask = field(default_factory=Mask)
    strength: float = 1.0
    depth: float = 1.0
    inpaint: bool = False
    gate: Gate | None = None

    def __post_init__(self) -> None:
        fraction('strength', self.strength)
        if fraction('depth', self.depth) == 0:
            raise ConfigError('depth must be above 0')

    def check(self, policy: FlowPolicy) -> None:
        """ConfigError unless the policy has the guided dimensions."""
        self.mask.check(policy.spec)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Plans a chunk; guidance that reaches no dimension costs no reversal."""
        if guidance is not None and guidance.active:
            guided = self.mask.guided(guidance, policy.spec)
            if not guided.any() or self.strength == 0:
                plain = unsteered(policy, observation, rng, self.name)
                return replace(plain, diagnostics={**plain.diagnostics, 'strength': 0.0})
        return super().plan(policy, observation, guidance, rng)

    def steer(self, steering: Steering) -> Steered:
        """See `GuidedMethod.steer`."""
        s = steering
        assert s.guidance is not None
        guided = self.mask.guided(s.guidance, s.spec)
        reversal = Reversal.of(
            s,
            guided,
            self.invert,
            depth=self.depth,
            inpaint=self.inpaint,
            mixes=self.strength < 1 or self.gate is not None,
        )
        found, t = reversal(s.written), reversal.t
        recovered = found.latents.sample(0)
        numbers = {
            'noise_norm': float(np.sqrt(np.mean(recovered.noise[:, guided] ** 2))) / (1 - t),
            'inversion_residual': float(found.residual[0]),
            'fallback': float(found.fell_back[0]),
        }
        strength = self.strength
        if self.gate:
            allowed, judged = self.gate.judge(reversal, recovered)
            strength *= allowed
            numbers |= judged
        own = recovered if reversal.own is None else reversal.own
        latent = mix(own, recovered, np.where(guided, strength, 0)).astype(np.float32)
        noise = s.noise if strength == 0 else latent if t == T_NOISE else None
        return Steered(reversal.denoise(latent[None]), noise, {**numbers, 'strength': strength})
