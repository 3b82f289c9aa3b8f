# SPDX-License-Identifier: Apache-2.0
"""How far the arm is from its surroundings and from itself, by the library Coal.

Coal (formerly hpp-fcl; Montaut et al. 2022) computes distances of convex shapes, Pinocchio moves
the shapes with the joints.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from frs_ros.arm.clearance import Block, Clearance
from frs_ros.arm.models import TCP_DISTANCE
from frs_ros.arm.shapes import ARM, FINGERS, GRIPPER, HAND, PARTS, Box, Capsule
from frs_ros.errors import DependencyError

FLOOR, BOX, SELF = 'link_floor', 'link_box', 'self_collision'
# Links that can meet within the ranges of the joints, apart from neighbours: with these of the
# lower arm, those of the upper one. Pairs of one group are told apart from others by how far they
# usually are from each other.
_MEET = (
    ((0, 1, 2), (5,)),
    ((0, 1, 2), (6, 7, HAND, FINGERS, PARTS)),
    ((5,), (HAND, FINGERS, PARTS)),
    ((3, 4), (PARTS,)),
)


class Pairs:
    """Pairs of shapes of one kind, and their distances for joint positions [7].

    Of every distance what is to be kept is taken off: below 0 it is not kept. Safe to use from
    several threads, as `PinocchioKinematics` is.

    Attributes:
        name: Of the limit: `FLOOR`, `BOX` or `SELF`.
        lever: [7] m, farthest that a moving point can be from each joint's axis, 0 for joints
            that move no distance. No distance changes faster than lever @ |dq|, and none bends
            down faster than (lever @ |dq|) times the sum of those |dq| whose lever is not 0.
    """

    def __init__(self, name: str, model: Any, still: Sequence[Any], moving: Sequence[Any]) -> None:
        """All pairs of two lists of pinocchio.GeometryObject; each moves with its joint."""
        self.name = name
        self._pin, self._model = _libraries()[0], model
        self._geometry = self._pin.GeometryModel()
        number = {id(o): self._geometry.addGeometryObject(o) for o in (*still, *moving)}
        for a in still:
            for b in moving:
                pair = self._pin.CollisionPair(number[id(a)], number[id(b)])
                self._geometry.addCollisionPair(pair)
        joints = np.array([(a.parentJoint, b.parentJoint) for a in still for b in moving])
        j = np.arange(1, 8)
        self._felt = (j > joints[:, :1]) & (j <= joints[:, 1:])
        self.lever = np.where(self._felt.any(axis=0), _levers(model, moving), 0.0)
        self._scratch = _Scratch(self._pin, model, self._geometry)

    def least(self, q: np.ndarray) -> float:
        """The smallest distance, m."""
        self._compute(q)
        return self._scratch.least

    def exceed(self, q: np.ndarray, distance: float) -> bool:
        """Whether every distance is above `distance`, m.

        The answer is that of `least`, and most of the time much cheaper: as long as the joints are
        near those of the last computation, `lever` shows that no distance can have become so
        small.
        """
        scratch = self._scratch
        if scratch.least - float(self.lever @ np.abs(q - scratch.q)) > distance:  # not for NaN
            return True
        return self.least(q) > distance

    def all(self, q: np.ndarray) -> np.ndarray:
        """[P] m, every distance."""
        self._compute(q)
        results = self._results()
        return np.fromiter((r.min_distance for r in results), float, len(self._felt))

    def near(self, q: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray]:
        """The distances below `within`, [k] m, and how they grow with the joints, [k, 7] m/rad."""
        distance = self.all(q)
        close = np.flatnonzero(distance < within)
        if not len(close):
            return distance[close], np.zeros((0, 7))
        results = [self._results()[i] for i in close.tolist()]
        normal = np.array([r.normal for r in results])  # from the still shape to the moving one
        x, y, z = np.array([r.getNearestPoint2() for r in results]).T
        u, v, w = normal.T
        moment = np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=1)
        axes = self._pin.computeJointJacobians(self._model, self._scratch.data, q)
        rows = np.concatenate([normal, moment], axis=1) @ axes * self._felt[close]
        return distance[close], rows

    def _compute(self, q: np.ndarray) -> None:
        """Fills the scratch with the distances at `q`, unless it holds them."""
        scratch = self._scratch
        if (scratch.q == q).all():
            return
        compute = self._pin.computeDistances
        nearest = int(compute(self._model, scratch.data, self._geometry, scratch.geometry, q))
        scratch.q = np.array(q, dtype=np.float64)
        scratch.least = float(scratch.geometry.distanceResults[nearest].min_distance)

    def _results(self) -> Any:
        return self._scratch.geometry.distanceResults


class _Scratch(threading.local):
    """What one thread computes in."""

    def __init__(self, pin: Any, model: Any, geometry: Any) -> None:
        self.data, self.geometry = model.createData(), pin.GeometryData(geometry)
        self.q, self.least = np.full(7, math.nan), -math.inf  # of the last computation


def pairs_of(model: Any, base: Any, tool: Any, clearance: Clearance) -> tuple[Pairs, ...]:
    """What an arm can come too near to, group by group.

    Args:
        model: A pinocchio.Model of seven joints whose frames are those of the DH parameters.
        base: pinocchio.SE3, of the robot's base in the model's world.
        tool: pinocchio.SE3, of the tool centre point in the last joint.
        clearance: What is to be kept; added to the shapes that stand still.

    Raises:
        DependencyError: A library is missing.
    """
    return tuple(_Solids(model, base, tool).groups(clearance))


class _Solids:
    """Makes the shapes of a model."""

    def __init__(self, model: Any, base: Any, tool: Any) -> None:
        self._pin, self._coal = _libraries()
        self._model, self._base = model, base
        self._hand = tool * self._pin.SE3(np.eye(3), np.array([0.0, 0.0, -TCP_DISTANCE]))
        self._made = 0

    def groups(self, clearance: Clearance) -> Iterator[Pairs]:
        parts = [_box(PARTS, part) for part in clearance.parts.values()]
        shapes: list[Capsule | Box] = [*ARM, *GRIPPER, *parts]
        moving = [(s.link, self._solid(s)) for s in shapes if s.link > 1]
        for fingers, kept in ((False, clearance.links), (True, clearance.fingers)):
            movers = [solid for link, solid in moving if (link == FINGERS) == fingers]
            floor = self._floor(clearance.floor + kept)
            yield Pairs(FLOOR, self._model, [floor], movers)
            if clearance.boxes:
                boxes = [self._solid(_box(0, b), kept) for b in clearance.boxes.values()]
                yield Pairs(BOX, self._model, boxes, movers)
        for lower, upper in _MEET:
            thick = [self._solid(s, clearance.between) for s in ARM if s.link in lower]
            movers = [solid for link, solid in moving if link in upper]
            if movers:
                yield Pairs(SELF, self._model, thick, movers)

    def _solid(self, shape: Capsule | Box, kept: float = 0.0) -> Any:
        """A pinocchio.GeometryObject, larger by `kept` on all sides."""
        if isinstance(shape, Capsule):
            start, end = np.array(shape.start), np.array(shape.end)
            length = float(np.linalg.norm(end - start))
            solid = self._coal.Capsule(shape.radius + kept, length)
            placement = self._pin.SE3(_towards(end - start), (start + end) / 2)
        else:
            low, high = np.array(shape.low) - kept, np.array(shape.high) + kept
            solid = self._coal.Box(*(high - low))
            placement = self._pin.SE3(np.eye(3), (low + high) / 2)
        if shape.link == 0:
            return self._object(0, self._base * placement, solid)
        if shape.link >= HAND:
            return self._object(7, self._hand * placement, solid)
        return self._object(shape.link, placement, solid)

    def _floor(self, height: float) -> Any:
        return self._object(0, self._base, self._coal.Halfspace(np.array([0.0, 0, 1]), height))

    def _object(self, joint: int, placement: Any, solid: Any) -> Any:
        self._made += 1
        return self._pin.GeometryObject(f'shape{self._made}', joint, placement, solid)


def _box(link: int, block: Block) -> Box:
    (a, b, c), (d, e, f) = np.asarray(block.low).tolist(), np.asarray(block.high).tolist()
    return Box(link, (a, b, c), (d, e, f))


def _levers(model: Any, moving: Sequence[Any]) -> np.ndarray:
    """[7] m, an upper bound of what `Pairs.lever` says: the links between, stretched out."""
    length = [float(np.linalg.norm(p.translation)) for p in model.jointPlacements]
    levers = np.zeros(7)
    for thing in moving:
        end = float(np.linalg.norm(thing.placement.translation)) + _half_size(thing.geometry)
        for joint in range(1, thing.parentJoint + 1):
            arm = sum(length[joint + 1 : thing.parentJoint + 1]) + end
            levers[joint - 1] = max(levers[joint - 1], arm)
    return levers


def _half_size(solid: Any) -> float:
    """m, from the middle of a capsule or a box to its farthest point."""
    if hasattr(solid, 'radius'):
        return float(solid.halfLength + solid.radius)
    return float(np.linalg.norm(solid.halfSide))


def _towards(direction: np.ndarray) -> np.ndarray:
    """[3, 3] a rotation that turns the z axis to a direction [3] of a length above 0."""
    z = direction / np.linalg.norm(direction)
    x = np.cross(np.eye(3)[int(np.abs(z).argmin())], z)
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z], axis=1)


def _libraries() -> tuple[Any, Any]:
    try:
        import pinocchio

        try:
            import coal
        except ImportError:
            import hppfcl as coal  # its name before version 3
    except ImportError as error:
        raise DependencyError(
            'to keep the links clear, Pinocchio and Coal are needed: pip install pin, or on ROS 2 '
            'apt install ros-$ROS_DISTRO-pinocchio'
        ) from error
    return pinocchio, coal
