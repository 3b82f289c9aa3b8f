# SPDX-License-Identifier: Apache-2.0
"""Where an object has to be grasped and put down so that a goal holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.sim.grasp import Hand, fits, plan_rim_grasp
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
    name, owner = goal[2], env.owner_of(goal)
    vertices = env.vertices(owner)
    top = float(vertices[:, 2].max())
    if name == owner:
        return Placement(env.position(owner)[:2], float(vertices[:, 2].min()), top)
    if goal[0] == 'in' and owner in env.movable:
        return Placement(env.position(owner)[:2], top - _INTO, top)
    site = env.position(name)
    if goal[0] == 'in':
        rim = float(env.part_vertices(name)[:, 2].max())
        return Placement(site[:2], rim - _INTO, max(rim, top))
    return Placement(site[:2], float(site[2]), top)


def reach_point(env: LiberoEnv, goal: Sequence[str]) -> np.ndarray:
    """[3] m: where the hand has to go for the goal's object.

    The object's origin, or for what is too wide for the hand the best place on its rim.
    """
    vertices = env.vertices(goal[1])
    if fits(vertices, env.closing_angle()):
        return env.position(goal[1])
    return plan_rim_grasp(vertices, hand(env, goal)).point


def hand(env: LiberoEnv, goal: Sequence[str], tried: tuple[float, ...] = ()) -> Hand:
    """The hand and what surrounds it on the way to a goal; `tried`: see `Hand`."""
    return Hand(
        env.closing_angle(),
        env.gripper_pose()[0],
        env.obstacles(goal[1]),
        placement(env, goal).point,
        tried,
    )
