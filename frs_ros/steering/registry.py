# SPDX-License-Identifier: Apache-2.0
"""Steering methods by the names that the command line, messages and results use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from frs_ros.errors import ConfigError, choose
from frs_ros.flow.fixed_point import fixed_point
from frs_ros.guidance.references.direction import ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.steering.base import Steerer
from frs_ros.steering.checks import count, positive
from frs_ros.steering.gate import Gate
from frs_ros.steering.guided_dims import ALL, MOTION, Mask
from frs_ros.steering.methods.bc import BehaviourCloning
from frs_ros.steering.methods.direct import Direct
from frs_ros.steering.methods.dsbc import Dsbc
from frs_ros.steering.methods.frs import FlowReversalSteering
from frs_ros.steering.methods.frs_tuned import TunedReversalSteering
from frs_ros.steering.methods.partial_noising import PartialNoising
from frs_ros.steering.methods.sample_and_rank import SampleAndRank
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.steering.reversal import Inverter
from frs_ros.text import one_line


def base(reference: ReferenceWriter) -> Steerer:
    """The policy by itself; guidance is never written."""
    del reference
    return Unsteered()


def frs(
    reference: ReferenceWriter,
    operator: str | Sequence[str] = ALL,
    strength: float = 1.0,
    depth: float = 1.0,
    gate: bool | Mapping[str, Any] = False,
) -> Steerer:
    """The paper's method: reverse Euler, nothing but the padding left to the policy."""
    tuned = TunedReversalSteering(
        reference=reference,
        mask=Mask.of(operator),
        strength=strength,
        depth=depth,
        gate=Gate.of(gate),
    )
    plain = TunedReversalSteering(reference=reference)
    return FlowReversalSteering(reference) if tuned == plain else tuned


def frs_fixed_point(
    reference: ReferenceWriter,
    operator: str | Sequence[str] = MOTION,
    strength: float = 1.0,
    depth: float = 1.0,
    gate: bool | Mapping[str, Any] = False,
    tolerance: float = 1e-2,
    max_iterations: int = 16,
    limit: float = 0.05,
) -> Steerer:
    """FRS with the sampler's exact inverse.

    The gripper is the policy's unless the guidance is about it: an exact inverse keeps the
    reference's neutral gripper neutral, and robots execute only its sign. 16 iterations are
    UniSteer's (arXiv 2605.10821). Tolerance and limit are residuals in model space, where 1 is
    full command: below the one a step counts as solved, above the other the plan is made by
    reverse Euler.
    """
    return TunedReversalSteering(
        reference=reference,
        name='frs_fixed_point',
        invert=exact_inverter(tolerance, max_iterations, limit),
        mask=Mask.of(operator),
        strength=strength,
        depth=depth,
        gate=Gate.of(gate),
    )


def exact_inverter(tolerance: float, max_iterations: int, limit: float) -> Inverter:
    """The sampler's exact inverse by fixed-point iteration; ConfigError for bad settings."""
    solve = partial(
        fixed_point,
        tolerance=positive('tolerance', tolerance),
        max_iterations=count('max_iterations', max_iterations),
    )
    return Inverter(solve, positive('limit', limit))


def dsbc(
    reference: ReferenceWriter, checkpoint: str = '', draw: str = 'mean', steer: str = 'frs'
) -> Steerer:
    """What `frs train dsbc` learned; guidance is followed by the method `steer`."""
    choose('draw', draw, ('mean', 'sample'))
    return Dsbc(_file('dsbc', checkpoint), draw, _override(steer, reference))


def bc(reference: ReferenceWriter, checkpoint: str = '', steer: str = 'frs') -> Steerer:
    """What `frs train bc` learned; guidance is followed by the method `steer`."""
    return BehaviourCloning(_file('bc', checkpoint), _override(steer, reference))


def _file(method: str, checkpoint: object) -> str:
    if not isinstance(checkpoint, str) or not checkpoint:
        raise ConfigError(
            f"method '{method}' needs the checkpoint that frs train {method} wrote, such as "
            f"'{method}[checkpoint=out/{method}.safetensors]'"
        )
    return checkpoint


def _override(steer: object, reference: ReferenceWriter) -> Steerer:
    """What follows guidance in place of a learned method."""
    return make_steerer(choose('steer', str(steer), METHODS), reference)


# Each is made from a writer of references and options of its own.
METHODS: dict[str, Callable[..., Steerer]] = {
    'base': base,
    'direct': Direct,
    'partial_noising': PartialNoising,
    'sample_and_rank': SampleAndRank,
    'frs': frs,
    'frs_fixed_point': frs_fixed_point,
}
# These need a checkpoint of their own, and act by it when nobody steers.
LEARNED: dict[str, Callable[..., Steerer]] = {'dsbc': dsbc, 'bc': bc}
ALL_METHODS = {**METHODS, **LEARNED}
# Options of `frs` until version 0.1.
REMOVED = {
    'spread': 'noise around the recovered noise only cost success (docs/results.md)',
    'inpaint': 'in steering it only cost success (docs/results.md)',
}


def make_steerer(
    name: str, reference: ReferenceWriter = reference_chunk, /, **options: Any
) -> Steerer:
    """The method of that name; ConfigError for an unknown name or option.

    Args:
        name: One of `ALL_METHODS`.
        reference: Writes guidance as chunks; the default is for Cartesian policies, others come
            from `guidance.references.writer`.
        options: Of the method.
    """
    make = ALL_METHODS[choose('method', name, ALL_METHODS)]
    known = list(inspect.signature(make).parameters)[1:]
    for option in options:
        if option not in known:
            has = ', '.join(known) or 'no options'
            said = one_line(option, 100)
            if option in REMOVED and name in ('frs', 'frs_fixed_point'):
                raise ConfigError(f"option '{said}' was removed: {REMOVED[option]}")
            raise ConfigError(f"method '{name}' has no option '{said}'; it has: {has}")
    return make(reference, **options)
