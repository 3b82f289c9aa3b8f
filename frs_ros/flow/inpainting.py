# SPDX-License-Identifier: Apache-2.0
"""Inversion of some dimensions while the others are on a path that is known already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from frs_ros.flow.arrays import embedded
from frs_ros.flow.grids import Times
from frs_ros.flow.sample import Velocity


def inpainted(
    velocity: Velocity, path: Sequence[Any], times: Times, moving: np.ndarray
) -> Velocity:
    """The field of some dimensions alone, given where all others are at each time.

    It takes and returns [B, ..., d], so that what a solver measures (residuals, convergence) is of
    these dimensions and not diluted by others that stand still.

    Args:
        velocity: The field of all dimensions.
        path: Latents [1 or B, ..., D] at each of `times`; between them it is straight.
        times: Increasing grid.
        moving: [D] bool, the d dimensions.
    """
    grid = np.asarray(times, dtype=np.float64)

    def at(t: float) -> Any:
        upper = int(np.clip(np.searchsorted(grid, t), 1, len(grid) - 1))
        weight = float((t - grid[upper - 1]) / (grid[upper] - grid[upper - 1]))
        if weight in (0.0, 1.0):
            return path[upper - 1 if weight == 0 else upper]
        return (1 - weight) * path[upper - 1] + weight * path[upper]

    def field(x: Any, t: Any) -> Any:
        whole = embedded(x, at(_nearest(grid, float(t[0]))), moving)
        return velocity(whole, t)[..., moving]

    return field


def _nearest(grid: np.ndarray, t: float) -> float:
    """The grid's time that `t`, perhaps rounded to float32, stands for; else `t`."""
    closest = float(grid[np.argmin(np.abs(grid - t))])
    return closest if abs(closest - t) < 1e-6 else t
