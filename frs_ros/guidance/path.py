# SPDX-License-Identifier: Apache-2.0
"""Waypoints as guidance: how far a chunk gets on its way through them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from frs_ros.arm.differential_ik import difference, moved
from frs_ros.errors import ConfigError
from frs_ros.messages.any_guidance import Part
from frs_ros.messages.guidance import Gripper

# Motion of the tool [6] (m, rad) -> actions that it takes at full command.
Cost = Callable[[np.ndarray], float]

MOST_POSES = 1000  # of a path; a chunk passes a few of them
FARTHEST = 1000.0  # m from the base; such numbers are no positions of a tool
ARRIVED = 1e-6  # m and rad
LEVER = 0.1  # m per rad, about the length of the fingers
_MARGIN = 1e-3  # of rotation matrices from rounded quaternions


@dataclass(frozen=True)
class Path:
    """Go through these poses, one after the other, and stay at the last.

    The tool joins the path where it is nearest to it, so that a path may be said again while the
    tool is on its way; one that crosses itself had better be said without what lies behind. A
    path that cannot be meant cannot be made: ConfigError.

    Attributes:
        positions: [n, 3] waypoints of the gripper, m, in the base (in LIBERO: in the world); n at
            most `MOST_POSES`.
        rotations: [n, 3, 3] its axes at the waypoints, each less than half a turn from the last,
            or None to keep it turned as it is.
        gripper: Command for the gripper on the way.
        magnitude: Speed in (0, 1] of full command.
        enabled: Whether the source is steering.
        source: Name of the source: 'planner', ...
        stamp_ns: When the guidance was given, clock of the observation.
    """

    positions: np.ndarray
    rotations: np.ndarray | None = None
    gripper: Gripper = Gripper.POLICY
    magnitude: float = 1.0
    enabled: bool = True
    source: str = ''
    stamp_ns: int = 0

    def __post_init__(self) -> None:
        if len(self.positions) > MOST_POSES:
            raise ConfigError(
                f'a path has at most {MOST_POSES} poses, this one {len(self.positions)}; say what '
                'lies ahead, in steps of a centimetre or so'
            )
        positions = _frozen('positions', self.positions, (3,))
        object.__setattr__(self, 'positions', positions)
        if np.abs(positions).max() > FARTHEST:
            raise ConfigError(
                f'path positions must be within {FARTHEST:g} m of the base, not '
                f'{np.abs(positions).max():.3g}'
            )
        if self.rotations is not None:
            rotations = _frozen('rotations', self.rotations, (3, 3))
            object.__setattr__(self, 'rotations', rotations)
            square = rotations @ rotations.transpose(0, 2, 1)
            if len(rotations) != len(positions):
                raise ConfigError(
                    f'a path of {len(positions)} positions has {len(rotations)} rotations'
                )
            if not np.allclose(square, np.eye(3), atol=_MARGIN) or np.any(
                np.linalg.det(rotations) < 0
            ):
                raise ConfigError('path rotations must be rotation matrices')
        if not 0 < self.magnitude <= 1:
            raise ConfigError(f'path magnitude must be in (0, 1], not {self.magnitude}')
        if self.gripper not in set(Gripper):
            raise ConfigError(f'path gripper must be 0, 1 or 2, not {self.gripper}')
        object.__setattr__(self, 'gripper', Gripper(self.gripper))

    @property
    def active(self) -> bool:
        """Whether somebody steers."""
        return self.enabled

    @property
    def parts(self) -> frozenset[Part]:
        """What the path speaks of."""
        speaks = {
            Part.TRANSLATION: True,
            Part.ROTATION: self.rotations is not None,
            Part.GRIPPER: self.gripper != Gripper.POLICY,
        }
        return frozenset(part for part, spoken in speaks.items() if spoken)

    def poses(self, start: np.ndarray) -> list[np.ndarray]:
        """The waypoints as poses [4, 4], for a tool that is at the pose `start`."""
        poses = []
        for i, position in enumerate(self.positions):
            pose = np.array(start, dtype=np.float64)
            pose[:3, 3] = position
            if self.rotations is not None:
                pose[:3, :3] = self.rotations[i]
            poses.append(pose)
        return poses


def ahead_of(start: np.ndarray, poses: list[np.ndarray]) -> list[np.ndarray]:
    """The poses [4, 4] that are left of a path for a tool that joins it where it is nearest."""
    # as seen from the tool, a turn counting as much as the way of a point `LEVER` aside
    points = np.array([difference(start, pose) for pose in poses]) * ([1.0] * 3 + [LEVER] * 3)
    before, way = points[:-1], np.diff(points, axis=0)
    length = np.sum(way**2, axis=1)
    share = np.clip(-np.sum(before * way, axis=1) / np.maximum(length, ARRIVED**2), 0, 1)
    distance = np.linalg.norm(before + share[:, None] * way, axis=1)
    if not len(distance) or (distance.argmin() == 0 and share[0] == 0):
        return poses
    return poses[int(distance.argmin()) + 1 :]


def walked(path: Path, start: np.ndarray, rows: int, cost: Cost) -> np.ndarray:
    """[rows, 4, 4] where the tool is after each action, from waypoint to waypoint and then still.

    Between waypoints the tool moves straight and turns about one axis. What an action has left
    when it reaches a waypoint goes into the way to the next one, so that close waypoints are as
    fast as distant ones.

    Args:
        path: Where to go.
        start: [4, 4] pose of the tool now.
        rows: Actions of a chunk.
        cost: Actions that a motion takes at full command; the path's magnitude stretches them.
    """
    pose, ahead, walk = start, deque(ahead_of(start, path.poses(start))), []
    for _ in range(rows):
        left = 1.0
        while ahead and left > 0:
            motion = difference(pose, ahead[0])
            needed = cost(motion) / path.magnitude if np.abs(motion).max() > ARRIVED else 0
            if needed <= left:
                pose = ahead.popleft()
            else:
                pose = moved(pose, *np.split(motion * left / needed, 2))
            left -= needed
        walk.append(pose)
    return np.array(walk)


def _frozen(what: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    if array.ndim < 2 or array.shape[1:] != shape or not len(array):
        raise ConfigError(f'path {what} must be [n, {str(shape)[1:-1].rstrip(",")}], n at least 1')
    if not np.isfinite(array).all():
        raise ConfigError(f'path {what} must be finite')
    array.setflags(write=False)
    return array
