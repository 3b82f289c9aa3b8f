# SPDX-License-Identifier: Apache-2.0
"""Where to grasp a grocery from above, from its collision geometry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.errors import DataError

# Widest opening used, m; the Panda hand opens to 0.08 m.
MAX_WIDTH = 0.068
# Depth of the fingers below the object's top in successive attempts, m.
DEPTHS = (0.035, 0.055, 0.075)


@dataclass(frozen=True)
class Grasp:
    """A grasp from above.

    Attributes:
        point: [3] position of the grasp site, m, world frame.
        yaw: Rotation about the vertical from the home orientation, rad, in [-pi/2, pi/2].
        top: Height of the object's highest vertex, m.
    """

    point: np.ndarray
    yaw: float
    top: float


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
    return Grasp(np.array([*centre, max(top - depth, bottom + 0.008)]), float(yaw), float(top))


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
