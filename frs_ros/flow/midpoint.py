# SPDX-License-Identifier: Apache-2.0
"""The explicit midpoint rule backwards in time."""

from __future__ import annotations

from typing import Any

from frs_ros.flow.arrays import filled, namespace, rms
from frs_ros.flow.grids import Times, intervals
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.sample import Velocity


def midpoint(velocity: Velocity, action: Any, times: Times) -> Inversion:
    """X <- x - h v(x - h/2 v(x, t), t - h/2) for t = 1, 1 - h, ..., h.

    Of second order, like the solver of RF-Solver-Edit (arXiv 2411.04746), whose derivative of the
    velocity is replaced here by its value half a step away. It follows the differential equation,
    not the sampler: round trips keep the sampler's own error of first order.

    Args:
        velocity: The field.
        action: [B, ...]; not modified.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.

    Returns:
        The noise after two evaluations per step, with the residual of the sampler's steps, which
        the evaluations at their lower ends tell; that of the last one stays unseen.
    """
    xp = namespace(action)
    x, residual, last = action, filled(float('nan'), action), None
    steps = list(intervals(times))
    for lower, upper in reversed(steps):
        h = upper - lower
        v = velocity(x, filled(upper, x))
        if last is not None:
            residual = xp.fmax(residual, last[0] * rms(v - last[1]))
        middle = velocity(x - 0.5 * h * v, filled(0.5 * (lower + upper), x))
        x = x - h * middle
        last = (h, middle)
    return Inversion(x, 2 * len(steps), residual, bool(xp.isfinite(x).all()))
