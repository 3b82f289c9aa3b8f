# SPDX-License-Identifier: Apache-2.0
"""Flow time: which end is which, and the grids on which fields are integrated.

The convention of the whole package is the paper's (arXiv 2606.13675): a_t = t a1 + (1 - t) a0 with
noise a0 and action a1, velocity a1 - a0. openpi and LeRobot count the other way round; only their
adapters know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

T_NOISE = 0.0
T_ACTION = 1.0

Times = Sequence[float] | np.ndarray


def uniform(steps: int) -> np.ndarray:
    """[steps + 1] equidistant times from noise to action; ValueError unless steps >= 1."""
    if steps < 1:
        raise ValueError(f'a grid needs at least 1 step, not {steps}')
    return np.linspace(T_NOISE, T_ACTION, steps + 1)


def onward(times: Times, start: float) -> np.ndarray:
    """`start` and the times after it: the grid on which a latent of that time is sampled.

    A start between two times makes the first step the shorter one; a start that rounding keeps
    from being one of the times is that time.
    """
    grid = np.asarray(times, dtype=np.float64)
    return np.append(start, grid[grid > start + 1e-9])


def check(times: Times) -> np.ndarray:
    """`times` as float64 if they are a grid, else a ValueError that says why not."""
    grid = np.asarray(times, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2:
        raise ValueError(f'times must be a flat array of 2 or more, not of shape {grid.shape}')
    if not np.all(np.diff(grid) > 0):
        raise ValueError('times must increase strictly, from noise to action')
    if grid[0] < T_NOISE or grid[-1] > T_ACTION:
        raise ValueError(f'times must be from 0 (noise) to 1 (action), not {grid[0]}..{grid[-1]}')
    return grid


def intervals(times: Times) -> Iterator[tuple[float, float]]:
    """(lower, upper) of each step of a checked grid, from noise to action."""
    return pairwise(check(times).tolist())
