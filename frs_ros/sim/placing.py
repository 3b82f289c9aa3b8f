# SPDX-License-Identifier: Apache-2.0
"""Where an object has to be grasped and put down so that a goal holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from frs_ros.sim.goals import moves
from frs_ros.sim.grasp import Hand, fits, plan_rim_grasp
from frs_ros.sim.obstacles import Obstacles

FLAT = 0.025  # m: what is lower, such as a plate, has no rim to hold
_FROM_MIDDLE = 0.01  # m to where flat things are pressed on,
_PRESSED = 0.006  # ... and height above what they stand on: not reached, hence the pressure
_INTO = 0.035  # m below the rim of a container at which things are let go


class Scenery(Protocol):
    """What is asked of a simulation, see `sim.libero.LiberoEnv`."""

    @property
    def movable(self) -> list[str]: ...  # noqa: D102
    def position(self, name: str) -> np.ndarray: ...  # noqa: D102
    def vertices(self, name: str) -> np.ndarray: ...  # noqa: D102
    def part_vertices(self, name: str) -> np.ndarray: ...  # noqa: D102
    def owner_of(self, goal: Sequence[str]) -> str: ...  # noqa: D102
    def obstacles(self, name: str) -> Obstacles: ...  # noqa: D102
    def closing_angle(self) -> float: ...  # noqa: D102
    def gripper_pose(self) -> tuple[np.ndarray, np.ndarray]: ...  # noqa: D102
    def handle(self, name: str) -> np.ndarray: ...  # noqa: D102


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


def placement(env: Scenery, goal: Sequence[str]) -> Placement:
    """The place that fulfils a goal such as (on, akita_black_bowl_1, plate_1), as things are now.

    Containers are let go into, from below their rim; plates and bowls are put onto; regions of
    furniture are sites in the model.
    """
    name, owner = goal[2], env.owner_of(goal)
    if not owner:  # a place on the table
        ground = env.position(name)
        return Placement(ground[:2], float(ground[2]), float(ground[2]))
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


def reach_point(env: Scenery, goal: Sequence[str]) -> np.ndarray:
    """[3] m: where the hand has to go for the goal's object.

    The object's origin, or for what is too wide for the hand the best place on its rim, and for
    what is flat as well a place past its middle, where it is pressed on and slid. The handle, if
    the goal is about a joint.
    """
    if moves(goal):
        return env.handle(goal[1])
    vertices = env.vertices(goal[1])
    if is_pushed(env, goal):
        return pressed_at(vertices, placement(env, goal).point)
    if fits(vertices, env.closing_angle()):
        return env.position(goal[1])
    return plan_rim_grasp(vertices, hand(env, goal)).point


def is_pushed(env: Scenery, goal: Sequence[str]) -> bool:
    """Whether the goal's object is pushed to its place: a flat thing, to a place on the table."""
    height = float(np.ptp(env.vertices(goal[1])[:, 2]))
    return not env.owner_of(goal) and height < FLAT


def pressed_at(vertices: np.ndarray, place: np.ndarray) -> np.ndarray:
    """[3] m: where fingers press on a thing to slide it towards a place [2]: past its middle.

    There the thing trails the hand and does not tip over, and the hand has room where furniture
    stands beside the thing.
    """
    middle = (vertices.max(0) + vertices.min(0)) / 2
    way = place - middle[:2]
    way = way / max(float(np.linalg.norm(way)), 1e-9)
    return np.array([*(middle[:2] + _FROM_MIDDLE * way), float(vertices[:, 2].min()) + _PRESSED])


def hand(env: Scenery, goal: Sequence[str], tried: tuple[float, ...] = ()) -> Hand:
    """The hand and what surrounds it on the way to a goal; `tried`: see `Hand`."""
    return Hand(
        env.closing_angle(),
        env.gripper_pose()[0],
        env.obstacles(goal[1]),
        placement(env, goal).point,
        tried,
    )


@dataclass(frozen=True)
class Aim:
    """What the privileged scene says of a goal besides where things are.

    Attributes:
        rim: [3] m from the origin of the goal's object to where it is grasped, if not there.
        carry_height: See `types.PrivilegedScene`.
        release_height: Likewise.
    """

    rim: np.ndarray | None
    carry_height: float
    release_height: float


_RELEASE_GAP = 0.02  # m under the object at which letting go is left to the policy
_CARRY_GAP = 0.03  # m that the object is carried above furniture at least,
_LOW_GAP = 0.02  # ... and above plates and bowls, which it may touch


def aim(env: Scenery, goal: Sequence[str]) -> Aim:
    """For a goal as things are now, with the object at rest and the hand where it starts."""
    origin = env.position(goal[1])
    point = reach_point(env, goal)
    if moves(goal) or is_pushed(env, goal):
        return Aim(point - origin, float('nan'), float('nan'))
    vertices = env.vertices(goal[1])
    wide = not fits(vertices, env.closing_angle())
    underside = float(vertices[:, 2].min())
    place, owner = placement(env, goal), env.owner_of(goal)
    carry = release = float('nan')
    if goal[0] == 'on':
        release = place.support + float(origin[2]) - underside + _RELEASE_GAP
    onto_plate = goal[0] == 'on' and owner in env.movable
    if owner and (onto_plate or owner not in env.movable):
        gap = _LOW_GAP if onto_plate else _CARRY_GAP
        carry = place.clear + max(float(point[2]) - underside, 0.0) + gap
    return Aim(point - origin if wide else None, carry, release)
