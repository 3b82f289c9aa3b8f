# SPDX-License-Identifier: Apache-2.0
"""Where an object has to be put down so that a goal holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.sim.libero import LiberoEnv

_INTO = 0.035  # m below the rim of a container at which things are let go


@dataclass(frozen=True)
class Placement:
    """A place to put something down.

    Attributes:
        point: [2] m, world frame.
        support: Height at which the underside of the object is let go, m.
        clear: Height above which the object's underside can be carried there, m.
    """

    point: np.ndarray
    support: float
    clear: float


def placement(env: LiberoEnv, goal: Sequence[str]) -> Placement:
    """The place that fulfils a goal such as (on, akita_black_bowl_1, plate_1), as things are now.

    Containers are let go into, from below their rim; plates and bowls are put onto; regions of
    furniture are sites in the model.
    """
    name, owner = goal[2], env.destination_of(goal)
    vertices = env.vertices(owner)
    top = float(vertices[:, 2].max())
    if name == owner:
        return Placement(env.position(owner)[:2], float(vertices[:, 2].min()), top)
    if goal[0] == 'in' and owner in env.movable:
        return Placement(env.position(owner)[:2], top - _INTO, top)
    site, _ = env.site(name)
    if goal[0] == 'in':
        rim = float(env.site_vertices(name)[:, 2].max())
        return Placement(site[:2], rim - _INTO, max(rim, top))
    return Placement(site[:2], float(site[2]), top)
