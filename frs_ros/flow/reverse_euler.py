# SPDX-License-Identifier: Apache-2.0
"""Explicit Euler steps backwards in time: the inverse solver of Flow Reversal Steering."""

from __future__ import annotations

from typing import Any

from frs_ros.flow.arrays import filled, namespace, rms
from frs_ros.flow.grids import Times, intervals
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.sample import Velocity


def reverse_euler(velocity: Velocity, action: Any, times: Times) -> Inversion:
    """X <- x - h v(x, t) for t = 1, 1 - h, ..., h (arXiv 2606.13675, section 4.1).

    The velocity is taken at the UPPER end of each step, where `sample` takes it at the lower one,
    so this is not the inverse of `sample`: the round trip has an error of order h. That error
    draws exaggerated actions towards the policy's own, which the paper counts as a virtue; actions
    between two modes it may throw into either (examples/round_trip.py shows both).

    Args:
        velocity: The field.
        action: [B, ...]; not modified.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.

    Returns:
        The noise after one evaluation per step. The residual costs nothing, as each evaluation
        also tells the previous step's defect h |v_lower - v_upper|; the step that ends at the
        noise is never evaluated at its lower end and stays unseen.
    """
    xp = namespace(action)
    x, residual, last = action, filled(float('nan'), action), None
    steps = list(intervals(times))
    for lower, upper in reversed(steps):
        v = velocity(x, filled(upper, x))
        if last is not None:
            h_above, v_above = last
            # fmax: the first defect replaces the NaN of "none seen".
            residual = xp.fmax(residual, h_above * rms(v - v_above))
        x = x - (upper - lower) * v
        last = (upper - lower, v)
    return Inversion(x, len(steps), residual, bool(xp.isfinite(x).all()))
