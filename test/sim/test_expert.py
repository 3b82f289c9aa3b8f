# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from frs_ros.errors import DataError
from frs_ros.sim.grasp import ANY_WAY, Hand, fits, plan_grasp, plan_rim_grasp
from frs_ros.sim.obstacles import Obstacles

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


def bowl(at=(0.0, 0.0)):
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate(
        [np.column_stack([r * ring + at, np.full(48, z)]) for r, z in ((0.025, 0.9), (0.05, 0.95))]
    )


def boxes(*centres):
    n = len(centres)
    frames = np.tile(np.eye(3), (n, 1, 1))
    return Obstacles(
        np.array(centres).reshape(n, 3), frames, np.zeros((n, 3)), np.full((n, 3), 0.03)
    )


def hand(*obstacles, destination=(1.0, 0.0), tried=()):
    return Hand(0.0, np.array([0.3, 0.0, 1.1]), boxes(*obstacles), np.array(destination), tried)


def test_bowls_are_grasped_at_the_near_side_of_the_rim():
    assert not fits(bowl(), 0.0)
    grasp = plan_rim_grasp(bowl(), hand())
    np.testing.assert_allclose(grasp.point, [0.045, 0.0, 0.925], atol=1e-6)
    assert grasp.yaw == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize('at', ['there', 'destination'])
def test_the_hand_needs_room_where_it_grasps_and_where_it_releases(at):
    middle = np.array([0.0, 0.0] if at == 'there' else [1.0, 0.0])
    grasp = plan_rim_grasp(bowl(), hand((middle[0] + 0.08, 0.0, 0.93)))
    assert grasp.point[0] < 0.0


def test_a_side_that_has_failed_is_not_tried_again():
    grasp = plan_rim_grasp(bowl(), hand(tried=(0.0,)), attempt=1)
    assert abs(grasp.side) >= 0.5
    assert grasp.point[2] < 0.925


def test_the_hand_leans_out_from_under_what_is_above_the_bowl():
    free = replace(hand(), ways=ANY_WAY)
    assert plan_rim_grasp(bowl(), free).lean == 0.0
    # a shelf over the half with x < 0, 10 cm above the rim
    shelf = Obstacles(
        np.array([[-0.5, 0.0, 1.06]]),
        np.eye(3)[None],
        np.zeros((1, 3)),
        np.array([[0.5, 2, 0.01]]),
    )
    grasp = plan_rim_grasp(bowl(), replace(free, obstacles=shelf))
    assert grasp.lean > 0
    assert abs(grasp.side) < np.pi / 4


def test_the_hand_moves_in_from_the_rim_where_a_wall_is_close():
    walls = Obstacles(
        np.array([[s * 0.1, 0.0, 0.93] for s in (-1, 1)]),
        np.tile(np.eye(3), (2, 1, 1)),
        np.zeros((2, 3)),
        np.array([[0.005, 2.0, 0.03]] * 2),
    )
    grasp = plan_rim_grasp(bowl(), replace(hand(), obstacles=walls, ways=ANY_WAY))
    np.testing.assert_allclose(grasp.point[:2], [0.025, 0.0], atol=1e-6)


def test_expert_puts_a_bowl_onto_a_plate_beside_the_cabinet():
    pytest.importorskip('libero', reason='LIBERO is not installed')
    from frs_ros.sim.expert import FetchExpert
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_goal', 8, cameras=(), assets='standin')
    env.reset(30)
    assert any(env.step(action) for action in FetchExpert(env, env.goal).actions())
    env.close()


def test_expert_fetches_an_object_that_is_not_the_stock_target(butter_env):
    from frs_ros.sim.expert import FetchExpert

    env, target = butter_env, 'orange_juice_1'
    env.reset(30)
    steps = 0
    for action in FetchExpert(env, ('in', target, env.goal[2])).actions():
        assert np.all(np.abs(action) <= 1)
        env.step(action)
        steps += 1
        if env.world.fulfilled(('in', target, env.goal[2])):
            break
    assert env.world.fulfilled(('in', target, env.goal[2]))
    assert not env.world.fulfilled(env.goal)
    assert steps < 250


def test_shuffled_layouts_are_apart_at_rest_and_repeatable(butter_env):
    from frs_ros.sim.layouts import AREAS, shuffle_layout

    area = AREAS['libero_object']

    def layout(seed):
        butter_env.reset(30)
        assert shuffle_layout(butter_env, np.random.default_rng(seed))
        return np.stack([butter_env.world.position(n) for n in butter_env.object_names[:-1]])

    first, again, other = layout(1), layout(1), layout(2)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other)[:, :2].max() > 0.05
    gaps = np.linalg.norm(first[:, None, :2] - first[None, :, :2], axis=-1)
    assert gaps[np.triu_indices(len(first), 1)].min() > area.spacing - 0.02
    assert area.x[0] - 0.02 < first[:, 0].min() <= first[:, 0].max() < area.x[1] + 0.02
    assert area.y[0] - 0.02 < first[:, 1].min() <= first[:, 1].max() < area.y[1] + 0.02
