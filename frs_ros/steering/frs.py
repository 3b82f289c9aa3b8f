# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering (arXiv 2606.13675): the wish becomes noise, the noise an action."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import T_NOISE, uniform
from frs_ros.flow.sample import sample
from frs_ros.guidance.guidance import Guidance
from frs_ros.guidance.reference import ReferenceWriter
from frs_ros.guidance.references import reference_chunk
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.checks import finite_reference, fraction, number
from frs_ros.steering.counting import CountingPolicy
from frs_ros.steering.denoise import draw_noise, field_of, with_diagnostics
from frs_ros.steering.diagnostics import against_reference, chi_percentile
from frs_ros.steering.evidence import Case
from frs_ros.steering.gate import Gate
from frs_ros.steering.inverter import Inverter
from frs_ros.steering.mixing import Latent, mix
from frs_ros.steering.ownership import Ownership
from frs_ros.steering.unsteered import Unsteered
from frs_ros.types import Observation, Plan


@dataclass(frozen=True)
class FlowReversalSteering:
    """Reference -> inverse solver -> spread -> gate -> mixture with the policy's own -> sampler.

    The defaults are the paper's method. With z the recovered and e fresh noise, the sampler starts
    from sqrt(1 - w^2) e + w z, w being the strength on the operator's dimensions times the gate's
    share, and 0 on all others: at w = 0 the plan is the unsteered one bit for bit. With a depth
    below 1 all of this happens at a later time, see `mixing`; there is then no noise at t = 0 that
    the chunk comes from, and the plan's noise is NaN.

    Attributes:
        name: Method name.
        invert: Inverse solver with its fallback.
        operator: Which dimensions follow the reference.
        strength: In [0, 1]: 0 is the plain policy, 1 follows the reference alone.
        depth: In (0, 1], how far the reference is reversed, rounded to whole steps of the native
            grid and at least one. Towards 0 the policy has ever less say: that is direct
            execution, not the plain policy.
        spread: Standard deviation of noise added to the recovered noise.
        gate: Judges the wish first; None follows every wish.
        reference: Writes the wish as a chunk.
    """

    name: str
    invert: Inverter = field(default_factory=Inverter)
    operator: Ownership = field(default_factory=Ownership)
    strength: float = 1.0
    depth: float = 1.0
    spread: float = 0.0
    gate: Gate | None = None
    reference: ReferenceWriter = reference_chunk

    def __post_init__(self) -> None:
        fraction('strength', self.strength)
        if fraction('depth', self.depth) == 0:
            raise ConfigError('depth must be above 0')
        if number('spread', self.spread) < 0:
            raise ConfigError(f'spread must not be negative, this is {self.spread}')

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Guidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Steers one chunk, encoding once; see `steering.base.Steerer.plan`."""
        if guidance is None or not guidance.active:
            return Unsteered().plan(policy, observation, guidance, rng)
        share = self.strength * self.operator.owned(guidance, policy.spec)
        if not share.any():
            plain = Unsteered().plan(policy, observation, guidance, rng)
            return with_diagnostics(replace(plain, method=self.name), {'strength': 0.0})
        with policy.inference():
            return self._steer(CountingPolicy(policy), observation, guidance, share, rng)

    def _steer(
        self,
        policy: CountingPolicy,
        observation: Observation,
        guidance: Guidance,
        share: np.ndarray,
        rng: np.random.Generator,
    ) -> Plan:
        """As `plan`, for a wish of which the share [D] is to be followed."""
        fresh = draw_noise(policy, rng)
        extra = self.spread * draw_noise(policy, rng) if self.spread else np.zeros_like(fresh)
        case, numbers = self._reverse(policy, observation, guidance)
        allowed = 1.0
        if self.gate:
            allowed, judged = self.gate.judge(case, rng)
            numbers |= judged
        latent = self._start(case, fresh, extra, share * allowed)
        x = sample(case.velocity, policy.asarray(latent[None]), case.after)
        known = latent if case.t == T_NOISE else np.full_like(latent, np.nan)
        noise = known if allowed > 0 else fresh
        numbers |= {'strength': self.strength * allowed, 'chi_percentile': chi_percentile(noise)}
        numbers |= against_reference(to_numpy(x)[0], case.reference, policy.spec)
        return Plan(
            chunk=policy.from_model(x, observation)[0],
            noise=noise,
            method=self.name,
            nfe=policy.evaluations,
            diagnostics={key: value for key, value in numbers.items() if np.isfinite(value)},
        )

    def _reverse(
        self, policy: FlowPolicy, observation: Observation, guidance: Guidance
    ) -> tuple[Case, dict[str, float]]:
        """Writes the wish and takes it back towards noise; encodes once."""
        steps = policy.spec.steps
        split = steps - max(1, round(self.depth * steps))
        context = policy.encode(observation)
        written = self.reference(guidance, policy, observation)
        reference = finite_reference(written)
        times = uniform(steps)
        found, fell_back = self.invert(field_of(policy, context), written, times[split:])
        latent = Latent.of_action(to_numpy(found.noise)[0], times[split], reference)
        case = Case(policy, context, guidance, reference, latent, self.invert, times, split)
        numbers = {
            'noise_norm': float(np.sqrt(np.mean(latent.noise[:, : policy.spec.action_dim] ** 2)))
            / (1 - case.t),
            'inversion_residual': float(to_numpy(found.residual)[0]),
            'fallback': float(fell_back),
        }
        return case, numbers

    def _start(
        self, case: Case, fresh: np.ndarray, extra: np.ndarray, share: np.ndarray
    ) -> np.ndarray:
        """[H, D] float32 latent that the sampler goes on from."""
        steered = case.latent.shifted((1 - case.t) * extra)
        if np.all(share >= 1):
            return steered.x.astype(np.float32)
        x = case.policy.asarray(fresh[None])
        if case.t > T_NOISE:
            x = sample(case.velocity, x, case.before)
        own = Latent.of_noise(to_numpy(x)[0], case.t, fresh)
        return mix(own, steered, share).astype(np.float32)
