# SPDX-License-Identifier: Apache-2.0
"""Euler steps backwards in time with the velocities taken at the sampler's own times."""

from __future__ import annotations

from typing import Any

from frs_ros.flow.arrays import filled, namespace
from frs_ros.flow.grids import Times, intervals
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.sample import Velocity


def aligned_euler(velocity: Velocity, action: Any, times: Times) -> Inversion:
    """X <- x - h v(x, t_lower): the first iterate of the fixed point y = x - h v(y, t_lower).

    What is left of the error of `reverse_euler` is where the velocity is taken, not when. For a
    field that depends on time alone this is the sampler's exact inverse.

    Args:
        velocity: The field.
        action: [B, ...]; not modified.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.

    Returns:
        The noise after one evaluation per step; no residual, as none was seen.
    """
    x, steps = action, list(intervals(times))
    for lower, upper in reversed(steps):
        x = x - (upper - lower) * velocity(x, filled(lower, x))
    unseen = filled(float('nan'), action)
    return Inversion(x, len(steps), unseen, bool(namespace(x).isfinite(x).all()))
