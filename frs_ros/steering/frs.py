# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering (arXiv 2606.13675): the wish becomes noise, the noise an action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.inversion import Inversion
from frs_ros.guidance.guidance import Gripper, Guidance
from frs_ros.guidance.reference import GRIPPER, ReferenceWriter, dimensions, reference_chunk
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.denoise import denoise, draw_noise, field_of, with_diagnostics
from frs_ros.steering.diagnostics import against_reference
from frs_ros.steering.unsteered import Unsteered
from frs_ros.types import ActionSpec, Observation, Plan


@dataclass(frozen=True)
class FlowReversalSteering:
    """Reference chunk -> inverse solver -> noise -> native sampler -> plan.

    Attributes:
        name: Method name.
        inverse: Solver called as inverse(velocity, action, times).
        redraw: Action dimensions whose noise is drawn afresh, so that the policy decides about
            them; the padding's always is. A gripper the guidance speaks of is left alone.
        reference: Writes the wish as a chunk.
    """

    name: str
    inverse: Callable[..., Inversion]
    redraw: tuple[str, ...] = ()
    reference: ReferenceWriter = reference_chunk

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
        spec = policy.spec
        with policy.inference():
            fresh = draw_noise(policy, rng)
            context = policy.encode(observation)
            reference = self.reference(guidance, policy, observation)
            found = self.inverse(field_of(policy, context), reference, uniform(spec.steps))
            noise = to_numpy(found.noise)[0].astype(np.float32)
            dims = self._redrawn(spec, guidance)
            noise[:, dims] = fresh[:, dims]
            plan, chunk = denoise(policy, observation, context, noise, self.name, found.nfe)
            numbers = against_reference(chunk, to_numpy(reference)[0], spec)
            residual = float(to_numpy(found.residual)[0])
        if np.isfinite(residual):
            numbers['inversion_residual'] = residual
        return with_diagnostics(plan, numbers)

    def _redrawn(self, spec: ActionSpec, guidance: Guidance) -> list[int]:
        wished = (GRIPPER,) if guidance.gripper != Gripper.POLICY else ()
        names = [n for n in self.redraw if n not in wished]
        return dimensions(spec, *names) + list(range(spec.action_dim, spec.model_dim))
