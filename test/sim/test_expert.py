# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.errors import DataError
from frs_ros.sim.grasp import plan_grasp

CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def box(x, y, z, yaw=0.0, at=(0.1, -0.2)):
    c, s = np.cos(yaw), np.sin(yaw)
    corners = CORNERS * (x, y, z) @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    return corners + np.array([*at, z])


@pytest.mark.parametrize('yaw', [0.0, 0.3, -0.6])
def test_grasp_closes_across_the_narrow_side(yaw):
    grasp = plan_grasp(box(0.06, 0.02, 0.02, yaw), closing_angle=np.pi / 2)
    assert grasp.yaw == pytest.approx(yaw, abs=0.1)
    np.testing.assert_allclose(grasp.point[:2], [0.1, -0.2], atol=1e-9)
    assert 0.008 <= grasp.point[2] < grasp.top == pytest.approx(0.04)


def test_later_attempts_reach_deeper():
    tall = box(0.025, 0.025, 0.065)
    heights = [plan_grasp(tall, 0.0, attempt).point[2] for attempt in range(4)]
    assert heights[0] > heights[1] > heights[2] == heights[3]


def test_what_the_hand_cannot_span_is_refused():
    with pytest.raises(DataError, match='too wide'):
        plan_grasp(box(0.05, 0.05, 0.05), 0.0)


def test_expert_fetches_an_object_that_is_not_the_stock_target(butter_env):
    from frs_ros.sim.expert import FetchExpert

    env, target = butter_env, 'orange_juice_1'
    env.reset(30)
    steps = 0
    for action in FetchExpert(env, target).actions():
        assert np.all(np.abs(action) <= 1)
        env.step(action)
        steps += 1
        if env.fulfilled(('in', target, env.goal[2])):
            break
    assert env.fulfilled(('in', target, env.goal[2]))
    assert not env.fulfilled(env.goal)
    assert steps < 250


def test_shuffled_layouts_are_apart_at_rest_and_repeatable(butter_env):
    from frs_ros.sim.layouts import SPACING, X_RANGE, Y_RANGE, shuffle_layout

    def layout(seed):
        butter_env.reset(30)
        assert shuffle_layout(butter_env, np.random.default_rng(seed))
        return np.stack([butter_env.position(n) for n in butter_env.object_names[:-1]])

    first, again, other = layout(1), layout(1), layout(2)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other)[:, :2].max() > 0.05
    gaps = np.linalg.norm(first[:, None, :2] - first[None, :, :2], axis=-1)
    assert gaps[np.triu_indices(len(first), 1)].min() > SPACING - 0.02
    assert X_RANGE[0] - 0.02 < first[:, 0].min() <= first[:, 0].max() < X_RANGE[1] + 0.02
    assert Y_RANGE[0] - 0.02 < first[:, 1].min() <= first[:, 1].max() < Y_RANGE[1] + 0.02
