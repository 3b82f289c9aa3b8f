# SPDX-License-Identifier: Apache-2.0
"""What the hand must not run into, as the bounding boxes of collision geoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_COLLISION_GROUP = 0
_ROBOT = ('robot', 'gripper', 'mount')  # what the names of its bodies begin with


@dataclass(frozen=True)
class Obstacles:
    """Oriented boxes in the world.

    Attributes:
        origin: [n, 3] of each box's own frame, m.
        rotation: [n, 3, 3] from that frame to the world.
        centre: [n, 3] in that frame, m.
        half: [n, 3] half extents, m.
    """

    origin: np.ndarray
    rotation: np.ndarray
    centre: np.ndarray
    half: np.ndarray

    def hits(self, points: np.ndarray, margin: float) -> int:
        """How many of the points [m, 3] lie in a box, or within `margin` (m) of one."""
        if not len(self.origin):
            return 0
        local = np.einsum('gpi,gij->gpj', points[None] - self.origin[:, None], self.rotation)
        inside = np.abs(local - self.centre[:, None]) < self.half[:, None] + margin
        return int(inside.all(-1).any(0).sum())


def surroundings(model: Any, data: Any, but: int) -> Obstacles:
    """All collision geoms of a simulation but those of a body, of the robot, and planes."""
    import mujoco

    found = []
    for geom in range(model.ngeom):
        body = int(model.geom_bodyid[geom])
        touches = model.geom_contype[geom] or model.geom_conaffinity[geom]
        plane = model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_PLANE
        if model.geom_group[geom] != _COLLISION_GROUP or not touches or plane:
            continue
        root = model.body(int(model.body_rootid[body])).name
        if not root.startswith(_ROBOT) and not _within(model, body, but):
            found.append(geom)
    return Obstacles(
        data.geom_xpos[found].copy(),
        data.geom_xmat[found].reshape(-1, 3, 3).copy(),
        model.geom_aabb[found, :3].copy(),
        model.geom_aabb[found, 3:].copy(),
    )


def _within(model: Any, body: int, ancestor: int) -> bool:
    while body not in (0, ancestor):
        body = int(model.body_parentid[body])
    return body == ancestor
