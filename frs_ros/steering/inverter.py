# SPDX-License-Identifier: Apache-2.0
"""An inverse solver and what happens when it does not converge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frs_ros.flow.arrays import to_numpy
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
            used. Beyond it, and if anything is not finite, the whole batch is solved again by
            reverse Euler, which cannot diverge. Infinite for solvers that measure something else.
    """

    solve: Callable[..., Inversion] = reverse_euler
    limit: float = np.inf

    def __call__(self, velocity: Velocity, action: Any, times: Times) -> tuple[Inversion, bool]:
        """The inversion, with the evaluations of both if need be, and whether it fell back."""
        found = self.solve(velocity, action, times)
        if self._usable(found):
            return found, False
        rough = reverse_euler(velocity, action, times)
        return replace(rough, nfe=found.nfe + rough.nfe), True

    def _usable(self, found: Inversion) -> bool:
        finite = bool(np.isfinite(to_numpy(found.noise)).all())
        exceeded = bool((to_numpy(found.residual) > self.limit).any())
        return finite and not exceeded
