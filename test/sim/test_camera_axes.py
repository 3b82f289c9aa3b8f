# SPDX-License-Identifier: Apache-2.0
"""The frames of LIBERO's cameras in the example file, against the simulator."""

import numpy as np
import pytest

pytest.importorskip('libero')

from frs_ros.guidance.references.camera_file import load_cameras
from frs_ros.guidance.references.frames import camera_axes, in_base
from frs_ros.messages.guidance import Guidance
from frs_ros.types import AGENTVIEW, CARTESIAN_DELTA, WRIST, Observation


@pytest.mark.parametrize('name', [AGENTVIEW, WRIST])
def test_axes_are_those_of_the_simulator(butter_env, repository, name):
    cameras = load_cameras(repository.root / 'examples' / 'cameras_libero.json')
    now = camera_axes(butter_env.pinhole(name, 64, 64)).axes
    observation = Observation({}, butter_env.state())
    for axis in np.eye(3):
        wish = Guidance(direction=axis, frame=name)
        found = in_base(wish, observation, CARTESIAN_DELTA, cameras).direction
        np.testing.assert_allclose(found, now @ axis, atol=2e-3)


@pytest.mark.parametrize('name', [AGENTVIEW, WRIST])
@pytest.mark.parametrize(('axis', 'pixel'), [([1, 0, 0], [1, 0]), ([0, 1, 0], [0, 1])])
def test_right_and_down_are_so_in_the_image(butter_env, repository, name, axis, pixel):
    cameras = load_cameras(repository.root / 'examples' / 'cameras_libero.json')
    camera = butter_env.pinhole(name, 64, 64)
    here = camera.position + 0.5 * camera.rotation[:, 2]
    observation = Observation({}, butter_env.state())
    wish = in_base(Guidance(direction=axis, frame=name), observation, CARTESIAN_DELTA, cameras)
    before, after = camera.project(np.array([here, here + 0.1 * wish.direction]))
    way = (after - before) / np.linalg.norm(after - before)
    np.testing.assert_allclose(way, pixel, atol=2e-2)
