# SPDX-License-Identifier: Apache-2.0
"""Where to grasp an object from above, from its collision geometry.

What fits between the fingers is grasped across its narrow side, bowls and plates at their rim.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from frs_ros.errors import DataError
from frs_ros.sim.obstacles import Obstacles

# Widest opening used, m; the Panda hand opens to 0.08 m.
MAX_WIDTH = 0.068
# Depth of the fingers below the object's top in successive attempts, m.
DEPTHS = (0.035, 0.055, 0.075)
RIM_DEPTHS = (0.025, 0.032, 0.02)
_BOTTOM_GAP = 0.008  # m that the fingers stay above what the object stands on
_INTO_RIM = 0.005  # m from the outermost vertex to the middle of the wall
_FINGER = 0.035  # m from the middle of the hand to an open finger
_PALM = 0.115  # m above the fingertips where the hand is widest,
_PALM_WIDTHS = (0.05, 0.1)  # ... this far to each side
_CLEARANCE = 0.012  # m
_SIDES = np.linspace(-np.pi, np.pi, 32, endpoint=False)

# See `RimWays.room`.
FINGERS_AND_PALM = np.array(
    [(s * _FINGER, 0.0, up) for s in (-1, 1) for up in (0.0, 0.03)]
    + [(s * width, 0.0, _PALM) for s in (-1, 1) for width in _PALM_WIDTHS]
)
# Dense enough to miss no wall.
WHOLE_HAND = np.array(
    [
        (s * width, beside, up)
        for s in (-1, 1)
        for width in (_FINGER, 0.05)
        for beside in (-0.01, 0.01)
        for up in (0.0, 0.03, 0.06)
    ]
    + [
        (width, beside, up)
        for width in np.linspace(-0.1, 0.1, 9)
        for beside in (-0.03, 0.0, 0.03)
        for up in np.arange(0.115, 0.2, 0.015)
    ]
)


@dataclass(frozen=True)
class Grasp:
    """A grasp from above.

    Attributes:
        point: [3] position of the grasp site, m, world frame.
        yaw: Rotation about the vertical from the home orientation, rad, in [-pi/2, pi/2].
        top: Height of the object's highest vertex, m.
        side: Direction of the rim grasped, seen from the object's middle, rad; None if the
            object is grasped across.
        lean: Angle by which the hand leans to that side, rad.
    """

    point: np.ndarray
    yaw: float
    top: float
    side: float | None = None
    lean: float = 0.0


@dataclass(frozen=True, eq=False)
class RimWays:
    """In which ways a rim may be held.

    Attributes:
        room: [n, 3] points of an open hand that need room, from between its fingertips, m: along
            the closing axis, beside it, up.
        leans: Angles by which the hand may lean outward, rad.
        insets: Distances of the hand's middle from the outermost vertex of the rim, m. The hand
            may be further inside than the wall: closing fingers draw the object along.
    """

    room: np.ndarray
    leans: tuple[float, ...] = (0.0,)
    insets: tuple[float, ...] = (_INTO_RIM,)


UPRIGHT = RimWays(FINGERS_AND_PALM)
ANY_WAY = RimWays(WHOLE_HAND, (0.0, 0.3, 0.45, 0.6), (_INTO_RIM, 0.025))


@dataclass(frozen=True)
class Hand:
    """Where the hand is and what surrounds it.

    Attributes:
        closing_angle: Direction in the xy plane in which the fingers close at yaw 0, rad.
        position: [3] m, of the grasp site now.
        obstacles: All but the object.
        destination: [2] m, where the middle of the object is to be put: the hand has to have
            room there, too.
        tried: Sides of the rim that have failed, rad.
        ways: In which the rim may be held.
        rise: By how much the object is put down higher than it stands, m.
    """

    closing_angle: float
    position: np.ndarray
    obstacles: Obstacles
    destination: np.ndarray
    tried: tuple[float, ...] = ()
    ways: RimWays = UPRIGHT
    rise: float = 0.0


def plan_grasp(vertices: np.ndarray, closing_angle: float, attempt: int = 0) -> Grasp:
    """Chooses the narrowest direction, preferring little rotation.

    Args:
        vertices: [n, 3] vertices of the object, m, world frame.
        closing_angle: Direction in the xy plane in which the fingers close at yaw 0, rad.
        attempt: Number of earlier failed attempts; later ones reach deeper.

    Raises:
        DataError: The object is too wide for the hand in every direction.
    """
    top, bottom = vertices[:, 2].max(), vertices[:, 2].min()
    height = top - bottom
    upper = vertices[vertices[:, 2] > top - max(DEPTHS[0], 0.35 * height), :2]
    best = min(
        (_candidate(upper, closing_angle, yaw) for yaw in np.linspace(-np.pi / 2, np.pi / 2, 37)),
        key=lambda c: c[0],
    )
    cost, yaw, centre = best
    if not np.isfinite(cost):
        raise DataError('the object is too wide for the hand')
    depth = min(DEPTHS[min(attempt, len(DEPTHS) - 1)], 0.6 * height)
    return Grasp(
        np.array([*centre, max(top - depth, bottom + _BOTTOM_GAP)]), float(yaw), float(top)
    )


def plan_rim_grasp(vertices: np.ndarray, hand: Hand, attempt: int = 0) -> Grasp:
    """Chooses the side of the rim that is free, near and needs little rotation.

    Args:
        vertices: [n, 3] vertices of the object, m, world frame.
        hand: The hand and its surroundings.
        attempt: Number of earlier failed attempts.
    """
    top, bottom = vertices[:, 2].max(), vertices[:, 2].min()
    rim = vertices[vertices[:, 2] > top - 0.012, :2]
    centre = (rim.max(0) + rim.min(0)) / 2
    height = max(top - RIM_DEPTHS[min(attempt, len(RIM_DEPTHS) - 1)], bottom + _BOTTOM_GAP)
    best = None
    for lean, inset, side in itertools.product(hand.ways.leans, hand.ways.insets, _SIDES):
        out = np.array([np.cos(side), np.sin(side)])
        radius = float(((rim - centre) @ out).max()) - inset
        yaw = _within_quarter_turn(side - hand.closing_angle)
        point = centre + radius * out
        cost = 0.3 * abs(yaw) + 0.1 * float(np.linalg.norm(point - hand.position[:2]))
        for middle, up in ((centre, 0.0), (hand.destination, hand.rise)):
            open_hand = _hand_points(middle, radius, out, height + up, lean, hand.ways.room)
            cost += 0.6 * hand.obstacles.hits(open_hand, _CLEARANCE)
        cost += 0.4 * sum(abs(np.angle(np.exp(1j * (side - t)))) < 0.5 for t in hand.tried)
        cost += 0.5 * lean + 10.0 * (inset - _INTO_RIM)
        if best is None or cost < best[0]:
            grasp = Grasp(
                np.array([*point, height]), float(yaw), float(top), float(side), float(lean)
            )
            best = (cost, grasp)
    assert best is not None
    return best[1]


def fits(vertices: np.ndarray, closing_angle: float) -> bool:
    """Whether the hand can span the object in some direction."""
    try:
        plan_grasp(vertices, closing_angle)
    except DataError:
        return False
    return True


def _hand_points(
    centre: np.ndarray,
    radius: float,
    out: np.ndarray,
    height: float,
    lean: float,
    room: np.ndarray,
) -> np.ndarray:
    """Points [n, 3] of an open hand that straddles the rim and leans outward."""
    c, s = np.cos(lean), np.sin(lean)
    along = np.array([-out[1], out[0]])
    return np.array(
        [
            [*(centre + (radius + (c * d + s * h)) * out + a * along), height + (c * h - s * d)]
            for d, a, h in room
        ]
    )


def _within_quarter_turn(angle: float) -> float:
    """The same closing direction with a yaw in [-pi/2, pi/2)."""
    return float((angle + np.pi / 2) % np.pi - np.pi / 2)


def _candidate(
    upper: np.ndarray, closing_angle: float, yaw: float
) -> tuple[float, float, np.ndarray]:
    """Cost, yaw and centre [2] of closing along one direction; infinite cost if too wide."""
    closing = np.array([np.cos(closing_angle + yaw), np.sin(closing_angle + yaw)])
    across = np.array([-closing[1], closing[0]])
    along, beside = upper @ closing, upper @ across
    width = np.ptp(along)
    centre = closing * (along.max() + along.min()) / 2 + across * (beside.max() + beside.min()) / 2
    cost = 4 * width + 0.15 * abs(yaw) if width < MAX_WIDTH else np.inf
    return cost, yaw, centre
