# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering (arXiv 2606.13675): the wish becomes noise, the noise an action."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import T_NOISE
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.wish import Wish
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.checks import finite_reference, fraction, number
from frs_ros.steering.counting import CountingPolicy
from frs_ros.steering.denoise import draw_noise, with_diagnostics
from frs_ros.steering.diagnostics import against_reference, chi_percentile, standing_still
from frs_ros.steering.evidence import Case
from frs_ros.steering.gate import Gate
from frs_ros.steering.inverter import Inverter
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.steering.mixing import mix
from frs_ros.steering.ownership import Ownership
from frs_ros.steering.reversal import Reversal
from frs_ros.types import Observation, Plan


@dataclass(frozen=True)
class FlowReversalSteering:
    """Reference -> inverse solver -> gate -> spread -> mixture with the policy's own -> sampler.

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
        inpaint: Reverse the operator's dimensions beside the policy's own path of all others,
            which costs a plain plan. Otherwise the others' reference is reversed along and then
            thrown away: the operator's noise then meets other company than it was found in.
        gate: Judges the wish first; None follows every wish.
        reference: Writes the wish as a chunk.
    """

    name: str
    invert: Inverter = field(default_factory=Inverter)
    operator: Ownership = field(default_factory=Ownership)
    strength: float = 1.0
    depth: float = 1.0
    spread: float = 0.0
    inpaint: bool = False
    gate: Gate | None = None
    reference: ReferenceWriter = reference_chunk

    def __post_init__(self) -> None:
        fraction('strength', self.strength)
        if fraction('depth', self.depth) == 0:
            raise ConfigError('depth must be above 0')
        if number('spread', self.spread) < 0:
            raise ConfigError(f'spread must not be negative, this is {self.spread}')

    def check(self, policy: FlowPolicy) -> None:
        """ConfigError unless the policy has the operator's dimensions."""
        self.operator.check(policy.spec)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Wish | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Steers one chunk, encoding once; see `steering.base.Steerer.plan`."""
        if guidance is None or not guidance.active:
            return Unsteered().plan(policy, observation, guidance, rng)
        owned = self.operator.owned(guidance, policy.spec)
        if not owned.any() or self.strength == 0:
            plain = Unsteered().plan(policy, observation, guidance, rng)
            return with_diagnostics(replace(plain, method=self.name), {'strength': 0.0})
        with policy.inference():
            return self._steer(CountingPolicy(policy), observation, guidance, owned, rng)

    def _steer(
        self,
        policy: CountingPolicy,
        observation: Observation,
        guidance: Wish,
        owned: np.ndarray,
        rng: np.random.Generator,
    ) -> Plan:
        """As `plan`, for a wish with an effect on the operator's dimensions [D]."""
        fresh = draw_noise(policy, rng)
        extra = self.spread * draw_noise(policy, rng) if self.spread else np.zeros_like(fresh)
        context = policy.encode(observation)
        written = self.reference(guidance, policy, observation)
        reference = finite_reference(written)
        still = standing_still(policy, observation)
        reversal = self._reversal(policy, context, fresh, owned)
        found = reversal(written)
        recovered, t = found.latents.sample(0), reversal.t
        numbers = {
            'noise_norm': float(np.sqrt(np.mean(recovered.noise[:, owned] ** 2))) / (1 - t),
            'inversion_residual': float(found.residual[0]),
            'fallback': float(found.fell_back[0]),
        }
        allowed = 1.0
        if self.gate:
            case = Case(reversal, guidance, reference, still, recovered)
            allowed, judged = self.gate.judge(case, rng)
            numbers |= judged
        strength = self.strength * allowed
        own = recovered if reversal.own is None else reversal.own
        steered = recovered.shifted(np.where(owned, (1 - t) * extra, 0))
        latent = mix(own, steered, np.where(owned, strength, 0)).astype(np.float32)
        x = reversal.denoise(latent[None])
        known = latent if t == T_NOISE else np.full_like(latent, np.nan)
        noise = known if strength > 0 else fresh
        numbers |= {'strength': strength, 'chi_percentile': chi_percentile(noise)}
        numbers |= against_reference(to_numpy(x)[0], reference, still, policy.spec)
        return Plan(
            chunk=policy.from_model(x, observation)[0],
            noise=noise,
            method=self.name,
            nfe=policy.evaluations,
            diagnostics={key: value for key, value in numbers.items() if np.isfinite(value)},
        )

    def _reversal(
        self, policy: FlowPolicy, context: Context, fresh: np.ndarray, owned: np.ndarray
    ) -> Reversal:
        return Reversal.of(
            policy,
            context,
            fresh,
            owned,
            self.invert,
            depth=self.depth,
            inpaint=self.inpaint,
            mixes=self.strength < 1 or self.gate is not None,
        )
