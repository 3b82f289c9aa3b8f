# SPDX-License-Identifier: Apache-2.0
"""Where an object has to be grasped and put down so that a goal holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frs_ros.sim.goals import moves
from frs_ros.sim.grasp import Hand, fits, plan_rim_grasp
from frs_ros.sim.world import World

FLAT = 0.025  # m: what is lower, such as a plate, has no rim to hold
_FROM_MIDDLE = 0.01  # m to where flat things are pressed on,
_PRESSED = 0.006  # ... and height above what they stand on: not reached, hence the pressure
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


def placement(world: World, goal: Sequence[str]) -> Placement:
    """The place that fulfils a goal such as (on, akita_black_bowl_1, plate_1), as things are now.

    Containers are let go into, from below their rim; plates and bowls are put onto; regions of
    furniture are sites in the model.
    """
    name, owner = goal[2], world.owner_of(goal)
    if not owner:  # a place on the table
        ground = world.position(name)
        return Placement(ground[:2], float(ground[2]), float(ground[2]))
    vertices = world.vertices(owner)
    top = float(vertices[:, 2].max())
    if name == owner:
        return Placement(world.position(owner)[:2], float(vertices[:, 2].min()), top)
    if goal[0] == 'in' and owner in world.movable:
        return Placement(world.position(owner)[:2], top - _INTO, top)
    site = world.position(name)
    if goal[0] == 'in':
        rim = float(world.part_vertices(name)[:, 2].max())
        return Placement(site[:2], rim - _INTO, max(rim, top))
    return Placement(site[:2], float(site[2]), top)


def reach_point(world: World, goal: Sequence[str]) -> np.ndarray:
    """[3] m: where the hand has to go for the goal's object.

    The object's origin, or for what is too wide for the hand the best place on its rim, and for
    what is flat as well a place past its middle, where it is pressed on and slid. The handle, if
    the goal is about a joint.
    """
    if moves(goal):
        return world.handle(goal[1])
    vertices = world.vertices(goal[1])
    if is_pushed(world, goal):
        return pressed_at(vertices, placement(world, goal).point)
    if fits(vertices, world.closing_angle()):
        return world.position(goal[1])
    return plan_rim_grasp(vertices, hand(world, goal)).point


def is_pushed(world: World, goal: Sequence[str]) -> bool:
    """Whether the goal's object is pushed to its place: a flat thing, to a place on the table."""
    height = float(np.ptp(world.vertices(goal[1])[:, 2]))
    return not world.owner_of(goal) and height < FLAT


def pressed_at(vertices: np.ndarray, place: np.ndarray) -> np.ndarray:
    """[3] m: where fingers press on a thing to slide it towards a place [2]: past its middle.

    There the thing trails the hand and does not tip over, and the hand has room where furniture
    stands beside the thing.
    """
    middle = (vertices.max(0) + vertices.min(0)) / 2
    way = place - middle[:2]
    way = way / max(float(np.linalg.norm(way)), 1e-9)
    return np.array([*(middle[:2] + _FROM_MIDDLE * way), float(vertices[:, 2].min()) + _PRESSED])


def hand(world: World, goal: Sequence[str], tried: tuple[float, ...] = ()) -> Hand:
    """The hand and what surrounds it on the way to a goal; `tried`: see `Hand`."""
    return Hand(
        world.closing_angle(),
        world.gripper_pose()[0],
        world.obstacles(goal[1]),
        placement(world, goal).point,
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


def aim(world: World, goal: Sequence[str]) -> Aim:
    """For a goal as things are now, with the object at rest and the hand where it starts."""
    origin = world.position(goal[1])
    point = reach_point(world, goal)
    if moves(goal) or is_pushed(world, goal):
        return Aim(point - origin, float('nan'), float('nan'))
    vertices = world.vertices(goal[1])
    wide = not fits(vertices, world.closing_angle())
    underside = float(vertices[:, 2].min())
    place, owner = placement(world, goal), world.owner_of(goal)
    carry = release = float('nan')
    if goal[0] == 'on':
        release = place.support + float(origin[2]) - underside + _RELEASE_GAP
    onto_plate = goal[0] == 'on' and owner in world.movable
    if owner and (onto_plate or owner not in world.movable):
        gap = _LOW_GAP if onto_plate else _CARRY_GAP
        carry = place.clear + max(float(point[2]) - underside, 0.0) + gap
    return Aim(point - origin if wide else None, carry, release)
