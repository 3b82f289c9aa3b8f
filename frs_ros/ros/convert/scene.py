# SPDX-License-Identifier: Apache-2.0
"""PrivilegedScene <-> frs_ros/PrivilegedScene."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Vector3

from frs_ros.errors import DataError
from frs_ros.msg import PrivilegedScene as SceneMsg
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import at_most, finite, text
from frs_ros.text import shown
from frs_ros.types import ObjectPose, PrivilegedScene

FRAME = 'world'
MOST_OBJECTS = 1000


def scene_to_msg(scene: PrivilegedScene) -> SceneMsg:
    """Message with the scene's own stamp; DataError if a position is not finite."""
    poses, n = list(scene.objects.values()), len(scene.objects)
    positions = finite('scene position', [p.position for p in poses], (n, 3)).tolist()
    extents = finite('scene extent', [p.extent for p in poses], (n, 3)).tolist()
    return SceneMsg(
        header=stamps.header(scene.stamp_ns, FRAME),
        gripper=Point(**_xyz('scene gripper', scene.gripper)),
        names=list(scene.objects),
        positions=[Point(x=x, y=y, z=z) for x, y, z in positions],
        extents=[Vector3(x=x, y=y, z=z) for x, y, z in extents],
        rest_heights=[float(p.rest_height) for p in poses],
        target=scene.target,
        destination=scene.destination,
        reach=Point(**dict.fromkeys('xyz', math.nan))
        if scene.reach is None
        else Point(**_xyz('scene reach', scene.reach)),
        carry_height=float(scene.carry_height),
        release_height=float(scene.release_height),
    )


def scene_from_msg(msg: SceneMsg) -> PrivilegedScene:
    """The scene a message carries.

    Raises:
        DataError: If its arrays differ in length, a name occurs twice, target or destination is
            not among the names, or a number is not finite.
    """
    n = len(msg.names)
    at_most('PrivilegedScene.names', msg.names, MOST_OBJECTS)
    for name in msg.names:
        text('PrivilegedScene.names', name)
    if not n == len(msg.positions) == len(msg.extents) == len(msg.rest_heights):
        raise DataError(
            'PrivilegedScene: names, positions, extents, rest_heights differ in length'
        )
    if len(set(msg.names)) != n:
        raise DataError('PrivilegedScene.names holds a name twice')
    for role in (msg.target, msg.destination):
        if role not in msg.names:
            raise DataError(f'PrivilegedScene: {shown(role)} is not among the object names')
    heights = finite('PrivilegedScene.rest_heights', msg.rest_heights, (n,))
    positions = _rows('PrivilegedScene.positions', msg.positions)
    extents = _rows('PrivilegedScene.extents', msg.extents)
    objects = {
        name: ObjectPose(positions[i], extents[i], float(heights[i]))
        for i, name in enumerate(msg.names)
    }
    return PrivilegedScene(
        gripper=_array('PrivilegedScene.gripper', msg.gripper),
        objects=objects,
        target=msg.target,
        destination=msg.destination,
        stamp_ns=stamps.to_ns(msg.header.stamp),
        reach=_reach(msg.reach),
        carry_height=msg.carry_height,
        release_height=msg.release_height,
    )


def _reach(point: Point) -> np.ndarray | None:
    """None if all is NaN; DataError if only a part is, or a number is infinite."""
    if all(math.isnan(v) for v in (point.x, point.y, point.z)):
        return None
    return _array('PrivilegedScene.reach', point)


def _xyz(what: str, vector: np.ndarray) -> dict[str, float]:
    x, y, z = finite(what, vector, (3,)).tolist()
    return {'x': x, 'y': y, 'z': z}


def _array(what: str, vector: Point | Vector3) -> np.ndarray:
    return finite(what, (vector.x, vector.y, vector.z), (3,))


def _rows(what: str, vectors: Sequence[Point] | Sequence[Vector3]) -> np.ndarray:
    return finite(what, [(v.x, v.y, v.z) for v in vectors], (len(vectors), 3))
