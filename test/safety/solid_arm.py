# SPDX-License-Identifier: Apache-2.0
"""Where all parts of an arm are, computed apart from the package for many positions at once.

Only the table of shapes is the package's; joints, distances and what is to be kept are not.
"""

from __future__ import annotations

import numpy as np

from frs_ros.arm.shapes import ARM, GRIPPER, Capsule

_A = (0, 0, 0, 0.0825, -0.0825, 0, 0.088)
_D = (0.333, 0, 0.316, 0, 0.384, 0, 0)
_ALPHA = np.array([0, -1, 1, 1, -1, 1, 1]) * np.pi / 2
_POINTS = 9  # of the axis of a capsule
_CAN_MEET = [({0, 1, 2}, {5, 6, 7, 8, 9}), ({5}, {8, 9})]


def frames(q: np.ndarray) -> np.ndarray:
    """[n, 9, 4, 4]: base, the seven joints, and the hand on the flange, for q [n, 7]."""
    pose = np.broadcast_to(np.eye(4), (len(q), 4, 4))
    all_ = [pose]
    for i in range(7):
        c, s, ca, sa = np.cos(q[:, i]), np.sin(q[:, i]), np.cos(_ALPHA[i]), np.sin(_ALPHA[i])
        step = np.zeros((len(q), 4, 4))
        step[:, 0, 0], step[:, 0, 1], step[:, 0, 3] = c, -s, _A[i]
        step[:, 1, 0], step[:, 1, 1], step[:, 1, 2] = s * ca, c * ca, -sa
        step[:, 2, 0], step[:, 2, 1], step[:, 2, 2] = s * sa, c * sa, ca
        step[:, 1, 3], step[:, 2, 3], step[:, 3, 3] = -_D[i] * sa, _D[i] * ca, 1
        pose = pose @ step
        all_.append(pose)
    turn = np.eye(4)
    turn[:2, :2] = np.array([[1, 1], [-1, 1]]) * np.sqrt(0.5)
    turn[2, 3] = 0.107
    return np.stack([*all_, pose @ turn], axis=1)


def clearances(q: np.ndarray, floor: float = 0.0) -> dict[str, np.ndarray]:
    """'links', 'fingers' (above the floor) and 'self', each [n] m, for q [n, 7]."""
    placed = frames(q)
    heights: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for shape in (*ARM, *GRIPPER):
        if shape.link > 1:
            z = (_at(placed, shape, _extremes(shape))[..., 2]).min(axis=1) - _radius(shape)
            heights[shape.link == 9].append(z - floor)
    gaps = [
        _gap(placed, lower, upper)
        for lower in ARM
        for upper in (*ARM, *GRIPPER)
        if any(lower.link in a and upper.link in b for a, b in _CAN_MEET)
    ]
    links, fingers = (np.min(heights[f], axis=0) for f in (False, True))
    return {'links': links, 'fingers': fingers, 'self': np.min(gaps, axis=0)}


def _radius(shape) -> float:
    return shape.radius if isinstance(shape, Capsule) else 0.0


def _extremes(shape) -> np.ndarray:
    """[k, 3] the ends of a capsule's axis or the corners of a box."""
    if isinstance(shape, Capsule):
        return np.array([shape.start, shape.end])
    ends = np.array([shape.low, shape.high])
    return np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i, j, k in np.ndindex(2, 2, 2)])


def _at(placed: np.ndarray, shape, points: np.ndarray) -> np.ndarray:
    """[n, k, 3] points of a shape's link in the base."""
    pose = placed[:, min(shape.link, 8)]
    return points @ pose[:, :3, :3].transpose(0, 2, 1) + pose[:, None, :3, 3]


def _gap(placed: np.ndarray, capsule: Capsule, other) -> np.ndarray:
    """[n] m between a capsule and a shape, from points on the capsule's axis."""
    share = np.linspace(0, 1, _POINTS)[:, None]
    points = _at(placed, capsule, capsule.start + share * np.subtract(capsule.end, capsule.start))
    if isinstance(other, Capsule):
        start, end = _at(placed, other, _extremes(other)).transpose(1, 0, 2)[:, :, None]
        along = end - start
        t = ((points - start) * along).sum(-1) / (along**2).sum(-1)
        nearest = start + np.clip(t, 0, 1)[..., None] * along
        return np.linalg.norm(points - nearest, axis=-1).min(1) - capsule.radius - other.radius
    pose = placed[:, min(other.link, 8)]
    inside = (points - pose[:, None, :3, 3]) @ pose[:, :3, :3]
    beyond = np.maximum(np.maximum(np.array(other.low) - inside, inside - other.high), 0)
    return np.linalg.norm(beyond, axis=-1).min(1) - capsule.radius
