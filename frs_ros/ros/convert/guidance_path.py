# SPDX-License-Identifier: Apache-2.0
"""Path and GivenChunk <-> GuidancePath."""

from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion

from frs_ros.errors import ConfigError, DataError
from frs_ros.guidance.chunk import MOST_COLUMNS, MOST_ROWS, GivenChunk
from frs_ros.guidance.path import MOST_POSES, Path
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.messages.guidance import BASE, Gripper, Guidance
from frs_ros.msg import GuidancePath
from frs_ros.robot.policy_state import quaternion
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import at_most, finite, text

_UNIT = 1e-3  # by which the length of a quaternion may be off


def path_to_msg(path: Path) -> GuidancePath:
    """Message of a path, in the base frame."""
    return GuidancePath(
        header=stamps.header(path.stamp_ns, BASE),
        source=path.source,
        enabled=path.enabled,
        poses=[_pose(path, i) for i in range(len(path.positions))],
        oriented=path.rotations is not None,
        gripper=int(path.gripper),
        magnitude=float(path.magnitude),
    )


def given_chunk_to_msg(given: GivenChunk) -> GuidancePath:
    """Message of a given chunk."""
    return GuidancePath(
        header=stamps.header(given.stamp_ns, BASE),
        source=given.source,
        enabled=given.enabled,
        actions=given.actions.ravel().tolist(),
        names=list(given.names),
        action_space=given.space,
        control_hz=float(given.control_hz),
    )


def path_from_msg(msg: GuidancePath) -> AnyGuidance:
    """The guidance a message carries: a path, a given chunk, or none if it was withdrawn.

    Raises:
        DataError: It holds both poses and actions or neither, the frame is neither empty nor
            'base', or what it holds is misshapen, not finite or out of range.
    """
    who: dict[str, Any] = {'source': msg.source, 'stamp_ns': stamps.to_ns(msg.header.stamp)}
    text('GuidancePath.source', msg.source)
    if not msg.enabled:
        return Guidance(enabled=False, **who)
    if bool(msg.poses) == bool(msg.actions):
        raise DataError('GuidancePath must hold either poses or actions')
    try:
        return _path(msg, who) if msg.poses else _chunk(msg, who)
    except ConfigError as error:
        raise DataError(f'GuidancePath: {error}') from error


def _path(msg: GuidancePath, who: dict[str, Any]) -> Path:
    if msg.header.frame_id not in ('', BASE):
        raise DataError(
            f"GuidancePath is in frame '{msg.header.frame_id}'; poses must be in '{BASE}'"
        )
    if msg.gripper not in set(Gripper):
        raise DataError(f'GuidancePath.gripper is {msg.gripper}; it must be one of GRIPPER_*')
    at_most('GuidancePath.poses', msg.poses, MOST_POSES)
    positions = [(p.position.x, p.position.y, p.position.z) for p in msg.poses]
    rotations = None
    if msg.oriented:
        turns = [p.orientation for p in msg.poses]
        rotations = _rotations(np.array([(q.w, q.x, q.y, q.z) for q in turns]))
    return Path(
        positions=finite('GuidancePath.poses', positions),
        rotations=rotations,
        gripper=Gripper(msg.gripper),
        magnitude=msg.magnitude,
        **who,
    )


def _chunk(msg: GuidancePath, who: dict[str, Any]) -> GivenChunk:
    at_most('GuidancePath.actions', msg.actions, MOST_ROWS * MOST_COLUMNS)
    at_most('GuidancePath.names', msg.names, MOST_COLUMNS)
    width = len(msg.names)
    if not width or len(msg.actions) % width:
        raise DataError(
            f'GuidancePath.actions holds {len(msg.actions)} numbers, which are no rows of '
            f'{width} names'
        )
    return GivenChunk(
        actions=finite('GuidancePath.actions', msg.actions).reshape(-1, width),
        names=tuple(msg.names),
        space=msg.action_space,
        control_hz=msg.control_hz,
        **who,
    )


def _pose(path: Path, i: int) -> Pose:
    x, y, z = path.positions[i].tolist()
    pose = Pose(position=Point(x=x, y=y, z=z))
    if path.rotations is not None:
        w, vector = quaternion(path.rotations[i])
        x, y, z = vector.tolist()
        pose.orientation = Quaternion(w=w, x=x, y=y, z=z)
    return pose


def _rotations(quaternions: np.ndarray) -> np.ndarray:
    """[n, 4] unit quaternions (w, x, y, z) -> [n, 3, 3]; DataError if one is no unit one."""
    length = np.linalg.norm(quaternions, axis=1)
    if not np.all(np.abs(length - 1) < _UNIT):
        raise DataError('GuidancePath.poses holds an orientation that is no unit quaternion')
    w, x, y, z = (quaternions / length[:, None]).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)
