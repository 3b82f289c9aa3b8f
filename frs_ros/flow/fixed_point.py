# SPDX-License-Identifier: Apache-2.0
"""The exact inverse of the discrete sampler, by damped fixed-point iteration."""

from __future__ import annotations

from typing import Any

from frs_ros.flow.arrays import filled, namespace, per_sample, rms
from frs_ros.flow.grids import Times, intervals
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.sample import Velocity


def fixed_point(
    velocity: Velocity,
    action: Any,
    times: Times,
    tolerance: float = 1e-6,
    max_iterations: int = 32,
) -> Inversion:
    """Undoes the sampler's steps x = y + h v(y, t_lower) one by one, from action to noise.

    Each step solves y = x - h v(y, t_lower) as AIDI (arXiv 2309.04907) and UniSteer (2605.10821)
    do, but damped and guarded, see `_undo_step`. The plain iteration converges where h times the
    field's Lipschitz constant is below 1.

    Args:
        velocity: The field.
        action: [B, ...]; not modified.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.
        tolerance: Largest RMS residual of a step that counts as solved. Never taken finer than
            the rounding of the actions' dtype allows.
        max_iterations: Evaluations per step, at least 1; ValueError otherwise.

    Returns:
        The noise; samples of a batch do not influence each other.
    """
    if max_iterations < 1 or not tolerance > 0:
        raise ValueError('fixed_point needs max_iterations >= 1 and tolerance > 0')
    xp = namespace(action)
    x, nfe = action, 0
    residual, solved = filled(0.0, action), filled(0.0, action) == 0
    for lower, upper in reversed(list(intervals(times))):
        rounding = 8 * xp.finfo(x.dtype).eps * (1 + rms(x))
        goal = xp.where(rounding > tolerance, rounding, filled(tolerance, x))
        x, defect, evaluations = _undo_step(
            velocity, x, lower, upper - lower, goal, max_iterations
        )
        residual = xp.maximum(residual, defect)
        solved = solved & (defect <= goal)
        nfe += evaluations
    return Inversion(x, nfe, residual, bool(solved.all() and xp.isfinite(x).all()))


def _undo_step(
    velocity: Velocity, x: Any, t: float, h: float, goal: Any, max_iterations: int
) -> tuple[Any, Any, int]:
    """Solves y + h v(y, t) = x for y.

    Every try starts from the best y so far and goes the fraction `damping` towards x - h v(y, t);
    a try that is no better (divergence, NaN) is dropped. Then, and when a try overshoots by more
    than half (slow oscillation), that sample's damping is halved. A sample within its goal is left
    alone, so that it does not depend on its batch. Where full steps have been seen to contract, a
    last one is made on trust: its velocity is known, so it costs nothing.

    Returns:
        y, the RMS residual [B] seen last (infinite if the field was never finite; that of a y
        before the step on trust) and the evaluations spent.
    """
    xp = namespace(x)
    t_batch, infinite = filled(t, x), filled(float('inf'), x)
    damping, best_residual = filled(1.0, x), infinite
    y = best = best_target = x
    contracts = done = best_residual < 0
    evaluations = 0
    while evaluations < max_iterations:
        target = x - h * velocity(y, t_batch)
        evaluations += 1
        residual = rms(target - y)
        residual = xp.where(xp.isfinite(residual), residual, infinite)
        better = residual < best_residual
        overshoot = _dot(target - y, best_target - best) < -0.5 * best_residual**2
        damping = xp.where(better & ~overshoot, damping, damping / 2)
        shrank = xp.isfinite(best_residual) & (damping == 1)
        # what was seen of a step that the next try refuted says nothing; one that is done stays so
        contracts = xp.where(done, contracts, better & shrank)
        best_residual = xp.where(better, residual, best_residual)
        best = xp.where(per_sample(better, x), y, best)
        best_target = xp.where(per_sample(better, x), target, best_target)
        done = best_residual <= goal
        if bool(done.all()):
            break
        step = xp.where(done, filled(0.0, x), damping)
        y = best + per_sample(step, x) * (best_target - best)
    return xp.where(per_sample(contracts, x), best_target, best), best_residual, evaluations


def _dot(a: Any, b: Any) -> Any:
    """[B] mean product over everything but the batch."""
    return (a * b).reshape(a.shape[0], -1).mean(-1)
