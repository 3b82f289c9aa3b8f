# SPDX-License-Identifier: Apache-2.0
"""Steering methods by the names that the command line, messages and results use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.flow.fixed_point import fixed_point
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.guidance.reference import GRIPPER, ReferenceWriter, reference_chunk
from frs_ros.steering.base import Steerer
from frs_ros.steering.direct import Direct
from frs_ros.steering.frs import FlowReversalSteering
from frs_ros.steering.partial_noising import PartialNoising
from frs_ros.steering.sample_and_rank import SampleAndRank
from frs_ros.steering.unsteered import Unsteered


def base(reference: ReferenceWriter) -> Steerer:
    """The policy by itself; no wish is ever written."""
    del reference
    return Unsteered()


def frs(reference: ReferenceWriter, redraw: Sequence[str] = ()) -> Steerer:
    """The paper's method: reverse Euler, nothing re-drawn but the padding."""
    return FlowReversalSteering('frs', reverse_euler, _names(redraw), reference)


def frs_fixed_point(
    reference: ReferenceWriter,
    redraw: Sequence[str] = (GRIPPER,),
    tolerance: float = 1e-3,
    max_iterations: int = 16,
) -> Steerer:
    """FRS with the sampler's exact inverse.

    The gripper's noise is re-drawn because an exact inverse keeps the reference's neutral gripper
    neutral, and robots execute only its sign. The tolerance is in model space, where 1 is full
    command; 16 iterations are UniSteer's (arXiv 2605.10821).
    """
    if not isinstance(max_iterations, int) or max_iterations < 1:
        raise ConfigError(f'max_iterations must be a whole number from 1, not {max_iterations}')
    if not isinstance(tolerance, (int, float)) or not tolerance > 0:
        raise ConfigError(f'tolerance must be a positive number, not {tolerance}')
    inverse = partial(fixed_point, tolerance=tolerance, max_iterations=max_iterations)
    return FlowReversalSteering('frs_fixed_point', inverse, _names(redraw), reference)


def _names(redraw: Sequence[str]) -> tuple[str, ...]:
    if isinstance(redraw, str) or not all(isinstance(name, str) for name in redraw):
        raise ConfigError(
            f"redraw must be a list of action names such as ['gripper'], not {redraw}"
        )
    return tuple(redraw)


# Each is made from a writer of references and options of its own.
METHODS: dict[str, Callable[..., Steerer]] = {
    'base': base,
    'direct': Direct,
    'partial_noising': PartialNoising,
    'sample_and_rank': SampleAndRank,
    'frs': frs,
    'frs_fixed_point': frs_fixed_point,
}


def make_steerer(
    name: str, reference: ReferenceWriter = reference_chunk, /, **options: Any
) -> Steerer:
    """The method of that name; ConfigError for an unknown name or option.

    Args:
        name: One of `METHODS`.
        reference: Writes wishes as chunks; the default is for Cartesian policies, others come
            from `guidance.references`.
        options: Of the method.
    """
    make = METHODS[choose('method', name, METHODS)]
    known = list(inspect.signature(make).parameters)[1:]
    for option in options:
        if option not in known:
            has = ', '.join(known) or 'no options'
            raise ConfigError(f"method '{name}' has no option '{option}'; it has: {has}")
    return make(reference, **options)
