# SPDX-License-Identifier: Apache-2.0
"""An inverse solver and what happens when it does not converge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.flow.arrays import like, namespace, per_sample, to_numpy
from frs_ros.flow.grids import Times
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.flow.sample import Velocity


@dataclass(frozen=True)
class Inverter:
    """Finds noise with one solver, or with the paper's when that one fails.

    Attributes:
        solve: Called as solve(velocity, action, times).
        limit: Largest residual of one sampler step, RMS in model space, with which a result is
            used. A sample beyond it, or not finite, is solved again by reverse Euler, which
            cannot diverge. Infinite for solvers that measure something else.
    """

    solve: Callable[..., Inversion] = reverse_euler
    limit: float = np.inf

    def __call__(
        self, velocity: Velocity, action: Any, times: Times
    ) -> tuple[Inversion, np.ndarray]:
        """The inversion, with the evaluations of both if need be, and which samples [B] fell back.

        The samples of a batch do not influence each other.
        """
        found = self.solve(velocity, action, times)
        failed = self._failed(found)
        if not failed.any():
            return found, failed
        rough = reverse_euler(velocity, action, times)
        choose, x = namespace(found.noise).where, found.noise
        again = like(failed.astype(np.float64), x) > 0
        merged = Inversion(
            noise=choose(per_sample(again, x), rough.noise, x),
            nfe=found.nfe + rough.nfe,
            residual=choose(again, rough.residual, found.residual),
            converged=False,
        )
        return merged, failed

    def _failed(self, found: Inversion) -> np.ndarray:
        noise = to_numpy(found.noise)
        finite = np.isfinite(noise.reshape(len(noise), -1)).all(axis=1)
        failed: np.ndarray = ~finite | (to_numpy(found.residual) > self.limit)
        return failed
