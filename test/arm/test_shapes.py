# SPDX-License-Identifier: Apache-2.0
"""The shapes of the arm enclose its published meshes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frs_ros.arm.shapes import ARM, FINGERS, GRIPPER, HAND, Capsule

FOUND = 0.0005  # m that a vertex may be outside
STROKE = 0.04  # m of each finger


@pytest.fixture(scope='module')
def vertices():
    """Reads a mesh of the Franka Emika Panda: [n, 3] m in the frame of its link."""
    robosuite = pytest.importorskip('robosuite')
    parts = 'models/assets/bullet_data/panda_description/meshes/collision'
    folder = Path(robosuite.__file__).parent / parts
    triangle = np.dtype([('normal', '<f4', 3), ('points', '<f4', (3, 3)), ('_', '<u2')])

    def read(name: str) -> np.ndarray:
        data = (folder / f'{name}.stl').read_bytes()[84:]
        return np.frombuffer(data, triangle)['points'].reshape(-1, 3).astype(float)

    return read


def outside(points: np.ndarray, shape) -> np.ndarray:
    """[n] m by which points [n, 3] are outside of a shape, in an axis for boxes."""
    if not isinstance(shape, Capsule):
        return np.maximum(np.subtract(shape.low, points), points - shape.high).max(axis=1)
    start, along = np.array(shape.start), np.subtract(shape.end, shape.start)
    share = np.clip((points - start) @ along / (along @ along), 0, 1)
    return np.linalg.norm(points - start - share[:, None] * along, axis=1) - shape.radius


@pytest.mark.parametrize('link', range(8))
def test_links_are_inside_of_their_capsules(vertices, link):
    points = vertices(f'link{link}')
    shapes = [s for s in ARM if s.link == link]
    beyond = np.array([outside(points, s) for s in shapes])
    assert beyond.min(axis=0).max() < FOUND


def test_the_hand_is_inside_of_its_boxes(vertices):
    points = vertices('hand')
    shapes = [s for s in GRIPPER if s.link == HAND]
    assert np.min([outside(points, s) for s in shapes], axis=0).max() < FOUND


@pytest.mark.parametrize('opening', [0.0, 0.5, 1.0])
def test_fingers_are_inside_of_theirs_at_every_opening(vertices, opening):
    finger = vertices('finger') + np.array([0, opening * STROKE, 0.0584])
    for side in (1, -1):
        points = finger * [side, side, 1]
        shapes = [s for s in GRIPPER if s.link == FINGERS]
        assert np.min([outside(points, s) for s in shapes], axis=0).max() < FOUND
