# SPDX-License-Identifier: Apache-2.0
"""Paths and given chunks as messages: what goes out comes back, what is wrong stays outside."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from geometry_msgs.msg import Pose

from frs_ros.errors import DataError
from frs_ros.guidance.chunk import GivenChunk
from frs_ros.guidance.path import Path
from frs_ros.messages.guidance import Gripper
from frs_ros.msg import GuidancePath
from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.ros import stamps
from frs_ros.ros.convert.guidance_path import given_chunk_to_msg, path_from_msg, path_to_msg

STAMP = 1_795_168_991_377_180_857
TURNS = rotation_matrices(np.array([[math.pi, 0, 0], [0.3, -2.0, 0.1]]))
PATH = Path(
    [[0.5, 0.1, 0.3], [0.4, -0.1, 0.2]], TURNS, Gripper.CLOSE, 0.5, source='p', stamp_ns=STAMP
)
CHUNK = GivenChunk(
    np.arange(6).reshape(3, 2) / 10, ('x', 'gripper'), 'cartesian_delta', 10.0, source='c'
)


def test_paths_come_back():
    back = path_from_msg(path_to_msg(PATH))
    np.testing.assert_array_equal(back.positions, PATH.positions)
    np.testing.assert_allclose(back.rotations, TURNS, atol=1e-12)
    for name in ('gripper', 'magnitude', 'enabled', 'source', 'stamp_ns'):
        assert getattr(back, name) == getattr(PATH, name)


def test_orientations_count_only_if_they_are_meant():
    """A pose that nobody filled in is an upright one, which no gripper over a table should be."""
    msg = path_to_msg(replace(PATH, rotations=None))
    assert not msg.oriented
    assert path_from_msg(msg).rotations is None


def test_chunks_come_back():
    back = path_from_msg(given_chunk_to_msg(CHUNK))
    np.testing.assert_array_equal(back.actions, CHUNK.actions)
    for name in ('names', 'space', 'control_hz', 'enabled', 'source', 'stamp_ns'):
        assert getattr(back, name) == getattr(CHUNK, name)


def test_a_withdrawn_path_is_no_wish():
    wish = path_from_msg(GuidancePath(source='p', header=stamps.header(STAMP)))
    assert (wish.active, wish.source, wish.stamp_ns) == (False, 'p', STAMP)


@pytest.mark.parametrize(
    ('changes', 'named'),
    [
        ({'poses': []}, 'either poses or actions'),
        ({'actions': [0.1]}, 'either poses or actions'),
        ({'magnitude': 0.0}, 'magnitude'),
        ({'magnitude': math.nan}, 'magnitude'),
        ({'gripper': 3}, 'gripper'),
        ({'poses': [Pose()] * 1001}, 'poses holds 1001 values; at most 1000'),
        ({'source': 'x' * 1001}, 'source is a text of 1001 characters'),
        ({'source': '\x1b[2K'}, r'source .* cannot be printed'),
        ({'header': stamps.header(STAMP, 'tool')}, "frame 'tool'"),
    ],
)
def test_wrong_paths_are_refused(changes, named):
    msg = path_to_msg(PATH)
    for field, value in changes.items():
        setattr(msg, field, value)
    with pytest.raises(DataError, match=named):
        path_from_msg(msg)


@pytest.mark.parametrize(
    ('part', 'value'), [('position', math.nan), ('orientation', math.nan), ('orientation', 0.7)]
)
def test_wrong_poses_are_refused(part, value):
    msg = path_to_msg(PATH)
    wrong = Pose()
    getattr(wrong, part).x = value
    msg.poses = [msg.poses[0], wrong]
    with pytest.raises(DataError, match=r'GuidancePath\.poses'):
        path_from_msg(msg)


@pytest.mark.parametrize(
    ('changes', 'named'),
    [
        ({'names': []}, '6 numbers, which are no rows of 0'),
        ({'names': ['x', 'y', 'z', 'yaw']}, 'no rows of 4'),
        ({'names': ['x', 'x']}, 'each another one'),
        ({'actions': [math.inf] * 6}, 'actions'),
        ({'actions': [50.0] * 6}, "units of 'cartesian_delta'"),
        ({'action_space': ''}, 'unknown action space'),
        ({'control_hz': 0.0}, 'rate'),
        ({'actions': [0.0] * 64_002}, 'actions holds 64002 values; at most 64000'),
        ({'actions': [0.0] * 2002}, 'at most 1000 rows of 64, this one 1001 of 2'),
        ({'names': [str(i) for i in range(65)]}, 'names holds 65 values'),
    ],
)
def test_wrong_chunks_are_refused(changes, named):
    msg = given_chunk_to_msg(CHUNK)
    for field, value in changes.items():
        setattr(msg, field, value)
    with pytest.raises(DataError, match=named):
        path_from_msg(msg)
