# SPDX-License-Identifier: Apache-2.0
"""Partial noising: the wish blended with noise, then denoised the rest of the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import T_ACTION, T_NOISE, onward, uniform
from frs_ros.flow.sample import sample
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.wish import Wish
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.checks import finite_reference, fraction
from frs_ros.steering.denoise import draw_noise, field_of
from frs_ros.steering.diagnostics import against_reference, standing_still
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.types import Observation, Plan


@dataclass(frozen=True)
class PartialNoising:
    """x = t a_ref + (1 - t) eps at t = level, then the native sampler from there.

    What FRS is compared with (arXiv 2606.13675, appendix E: level 0.5); for images it is SDEdit
    (arXiv 2108.01073), for robots the biased initialisation of arXiv 2302.12244. Near 0 the wish
    is lost, near 1 it is executed as it is.

    The level is exact: between two times of the native grid the first step is the shorter one. K
    steps leave ceil((1 - level) K) evaluations. The padding is pure noise at its time, as the
    reference says nothing about it. There is no noise at t = 0 that this chunk comes from, so the
    plan's noise is NaN.

    Attributes:
        reference: Writes the wish as a chunk.
        level: Start time in (0, 1).
    """

    name: ClassVar[str] = 'partial_noising'
    reference: ReferenceWriter = reference_chunk
    level: float = 0.5

    def __post_init__(self) -> None:
        fraction('level', self.level)
        if self.level in (T_NOISE, T_ACTION):
            raise ConfigError(f'level must be between 0 and 1, not {self.level}')

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
        spec = policy.spec
        with policy.inference():
            noise = draw_noise(policy, rng)
            context = policy.encode(observation)
            reference = finite_reference(self.reference(guidance, policy, observation))
            latent = self.level * reference + (1 - self.level) * noise
            times = onward(uniform(spec.steps), self.level)
            x = sample(field_of(policy, context), policy.asarray(latent[None]), times)
            chunk = policy.from_model(x, observation)[0]
            still = standing_still(policy, observation)
        return Plan(
            chunk=chunk,
            noise=np.full_like(noise, np.nan),
            method=self.name,
            nfe=len(times) - 1,
            diagnostics=against_reference(to_numpy(x)[0], reference, still, spec),
        )
