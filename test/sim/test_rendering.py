# SPDX-License-Identifier: Apache-2.0
"""Images must not depend on what is left out to draw them faster."""

import numpy as np
import pytest

pytest.importorskip('libero')

from frs_ros.sim import rendering
from frs_ros.sim.culling import in_view
from frs_ros.types import AGENTVIEW, WRIST

SIZES = {AGENTVIEW: (128, 128), WRIST: (84, 84)}


def _everything(model, *_):
    return np.ones(model.ngeom, bool)


@pytest.mark.parametrize('camera', [AGENTVIEW, WRIST])
@pytest.mark.parametrize('size', [None, (60, 160)])
def test_what_is_out_of_view_would_not_show(butter_env, monkeypatch, camera, size):
    height, width = size or SIZES[camera]
    rng = np.random.default_rng(0)
    butter_env.reset(0)
    groups = butter_env.model.geom_group.copy()
    for _ in range(12):
        for _ in range(5):
            butter_env.step(np.append(rng.uniform(-1, 1, 6), 1.0))
        image = butter_env.view(height, width, camera)
        with monkeypatch.context() as patch:
            patch.setattr(rendering, 'in_view', _everything)
            whole = butter_env.view(height, width, camera)
        np.testing.assert_array_equal(image, whole)
    np.testing.assert_array_equal(butter_env.model.geom_group, groups)


def test_the_arm_is_behind_the_wrist_camera(butter_env):
    butter_env.reset(0)
    model = butter_env.model
    camera = model.camera(rendering.MUJOCO_CAMERAS[WRIST]).id
    seen = in_view(model, butter_env.data, camera, 1.0)
    names = [model.body(model.geom_bodyid[g]).name for g in np.flatnonzero(~seen)]
    assert {'robot0_link3', 'robot0_link4', 'robot0_link5'} <= set(names)
    fingers = model.geom_bodyid == model.body('gripper0_leftfinger').id
    assert seen[fingers].any()
