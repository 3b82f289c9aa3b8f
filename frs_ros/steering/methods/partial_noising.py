# SPDX-License-Identifier: Apache-2.0
"""Partial noising: the reference blended with noise, then denoised the rest of the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from frs_ros.errors import ConfigError
from frs_ros.flow.grids import T_ACTION, T_NOISE, onward
from frs_ros.steering.checks import fraction
from frs_ros.steering.kernel import GuidedMethod, Steered, Steering


@dataclass(frozen=True)
class PartialNoising(GuidedMethod):
    """x = t a_ref + (1 - t) eps at t = level, then the native sampler from there.

    What FRS is compared with (arXiv 2606.13675, appendix E: level 0.5); for images it is SDEdit
    (arXiv 2108.01073), for robots the biased initialisation of arXiv 2302.12244. Near 0 the
    guidance is lost, near 1 it is executed as it is.

    The level is exact: between two times of the native grid the first step is the shorter one. K
    steps leave ceil((1 - level) K) evaluations. The padding is pure noise at its time, as the
    reference says nothing about it. There is no noise at t = 0 that this chunk comes from, so the
    plan's noise is NaN.

    Attributes:
        reference: Writes guidance as a reference chunk.
        level: Start time in (0, 1).
    """

    name: ClassVar[str] = 'partial_noising'
    level: float = 0.5

    def __post_init__(self) -> None:
        fraction('level', self.level)
        if self.level in (T_NOISE, T_ACTION):
            raise ConfigError(f'level must be between 0 and 1, not {self.level}')

    def steer(self, steering: Steering) -> Steered:
        """See `GuidedMethod.steer`."""
        latent = self.level * steering.reference + (1 - self.level) * steering.noise
        return Steered(steering.sample(latent[None], onward(steering.times, self.level)))
