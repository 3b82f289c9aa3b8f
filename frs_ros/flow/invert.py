# SPDX-License-Identifier: Apache-2.0
"""Action to noise: the solvers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frs_ros.errors import choose
from frs_ros.flow.aligned_euler import aligned_euler
from frs_ros.flow.fireflow import fireflow
from frs_ros.flow.fixed_point import fixed_point
from frs_ros.flow.grids import Times
from frs_ros.flow.inversion import Inversion
from frs_ros.flow.midpoint import midpoint
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.flow.sample import Velocity

SOLVERS: dict[str, Callable[..., Inversion]] = {
    'euler': reverse_euler,
    'aligned_euler': aligned_euler,
    'midpoint': midpoint,
    'fireflow': fireflow,
    'fixed_point': fixed_point,
}


def invert(
    velocity: Velocity, action: Any, times: Times, solver: str = 'euler', **options: Any
) -> Inversion:
    """Finds noise that `sample` turns into `action`, nearly or exactly depending on the solver.

    Args:
        velocity: The field.
        action: [B, ...] numpy array or torch tensor; not modified.
        times: The grid `sample` uses.
        solver: A key of `SOLVERS`; ConfigError otherwise.
        options: Passed to the solver.
    """
    return SOLVERS[choose('solver', solver, SOLVERS)](velocity, action, times, **options)
