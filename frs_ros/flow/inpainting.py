# SPDX-License-Identifier: Apache-2.0
"""Inversion of some elements while the others are on a path that is known already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from frs_ros.flow.arrays import filled, like, namespace
from frs_ros.flow.grids import Times
from frs_ros.flow.sample import Velocity


def inpainted(
    velocity: Velocity, path: Sequence[Any], times: Times, known: np.ndarray
) -> Velocity:
    """The field of the unknown elements, given where the known ones are at each time.

    Known elements do not move in it; whatever their value, the velocity is taken with the path's.

    Args:
        velocity: The field.
        path: Latents [B, ...] at each of `times`; between them it is straight.
        times: Increasing grid.
        known: Bool, broadcasts against a latent [B, ...].
    """
    grid = np.asarray(times, dtype=np.float64)

    def at(t: float) -> Any:
        upper = int(np.clip(np.searchsorted(grid, t), 1, len(grid) - 1))
        weight = float((t - grid[upper - 1]) / (grid[upper] - grid[upper - 1]))
        if weight in (0.0, 1.0):
            return path[upper - 1 if weight == 0 else upper]
        return (1 - weight) * path[upper - 1] + weight * path[upper]

    def field(x: Any, t: Any) -> Any:
        xp = namespace(x)
        mask = like(known.astype(np.float64), x) > 0
        v = velocity(xp.where(mask, at(_nearest(grid, float(t[0]))), x), t)
        return xp.where(mask, filled(0.0, x[:1]), v)

    return field


def _nearest(grid: np.ndarray, t: float) -> float:
    """The grid's time that `t`, perhaps rounded to float32, stands for; else `t`."""
    closest = float(grid[np.argmin(np.abs(grid - t))])
    return closest if abs(closest - t) < 1e-6 else t
