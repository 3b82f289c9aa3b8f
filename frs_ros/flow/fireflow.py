# SPDX-License-Identifier: Apache-2.0
"""FireFlow: the midpoint rule at the price of Euler."""

from __future__ import annotations

from typing import Any

from frs_ros.flow.arrays import filled, namespace
from frs_ros.flow.grids import Times, intervals
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.sample import Velocity


def fireflow(velocity: Velocity, action: Any, times: Times) -> Inversion:
    """X <- x - h p', p' = v(x - h/2 p, t - h/2), p being the p' of the step before.

    The last midpoint's velocity stands in for the velocity at the beginning of a step, which
    changes it by O(h) and the step by O(h^3): still of second order (arXiv 2412.07517). Like
    `midpoint` it follows the differential equation, not the sampler.

    Args:
        velocity: The field.
        action: [B, ...]; not modified.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.

    Returns:
        The noise after one evaluation per step and one to begin with; no residual, as the field is
        never seen at the sampler's times.
    """
    x, steps = action, list(intervals(times))
    predictor = velocity(x, filled(steps[-1][1], x))
    for lower, upper in reversed(steps):
        h = upper - lower
        predictor = velocity(x - 0.5 * h * predictor, filled(0.5 * (lower + upper), x))
        x = x - h * predictor
    unseen = filled(float('nan'), action)
    return Inversion(x, len(steps) + 1, unseen, bool(namespace(x).isfinite(x).all()))
