# SPDX-License-Identifier: Apache-2.0
"""Furniture: what moves, where it is held, and the expert's skills on the table of libero_goal."""

import numpy as np
import pytest

from frs_ros.errors import ConfigError

pytest.importorskip('libero', reason='LIBERO is not installed')
MIDDLE = 'wooden_cabinet_1_middle_region'
KNOB = 'flat_stove_1'
PUSHED = ('on', 'plate_1', 'main_table_stove_front_region')
INTO_DRAWER = ('in', 'akita_black_bowl_1', MIDDLE)


@pytest.fixture(scope='module')
def table():
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_goal', 0, cameras=(), assets='standin')
    yield env
    env.close()


def open_drawer(env, share):
    import mujoco

    joint = env.world.joint(MIDDLE)
    env.data.qpos[joint.address] = share * joint.far
    mujoco.mj_forward(env.model, env.data)
    return joint


def test_drawers_slide_and_their_bar_comes_along(table):
    table.reset(30)
    shut = table.world.handle(MIDDLE)
    joint = open_drawer(table, 0.5)
    assert joint.slides
    assert joint.opening(table.data) == pytest.approx(0.5)
    np.testing.assert_allclose(
        table.world.handle(MIDDLE) - shut, 0.08 * joint.axis(table.data), atol=2e-3
    )
    front = table.world.part_vertices(MIDDLE) @ joint.axis(table.data)
    assert 0 < front.max() - table.world.handle(MIDDLE) @ joint.axis(table.data) < 0.01


def test_knobs_turn_about_the_vertical(table):
    table.reset(30)
    joint = table.world.joint(KNOB)
    assert not joint.slides
    assert abs(joint.axis(table.data)[2]) == pytest.approx(1.0)
    assert np.linalg.norm((table.world.handle(KNOB) - joint.anchor(table.data))[:2]) < 0.03


def test_what_does_not_move_has_no_handle(table):
    assert table.world.joint('plate_1') is None
    with pytest.raises(ConfigError, match='wine_rack_1_top_region has no joint'):
        table.world.handle('wine_rack_1_top_region')


def test_scene_of_a_drawer_tells_where_to_take_hold(table):
    table.reset(30)
    scene = table.scene()
    assert scene.target == scene.destination == MIDDLE
    np.testing.assert_allclose(scene.reach, table.world.handle(MIDDLE))
    assert 'plate_1' in scene.objects


def test_what_goes_into_a_closed_drawer_wants_it_open_first(table):
    table.reset(30)
    table.pursue(INTO_DRAWER, 'put the bowl in the middle drawer')
    assert table.goal == ('open', MIDDLE)
    open_drawer(table, 1.0)
    table.pursue(INTO_DRAWER, 'put the bowl in the middle drawer')
    assert table.goal == INTO_DRAWER
    assert table.scene().target == 'akita_black_bowl_1'


@pytest.mark.parametrize(
    'goal', [('open', 'plate_1'), ('close', 'wine_rack_1_top_region'), ('turnon', 'lamp_1')]
)
def test_what_cannot_be_moved_is_no_goal(table, goal):
    table.reset(30)
    with pytest.raises(ConfigError, match='is no goal'):
        table.pursue(goal, '')


@pytest.mark.parametrize('goal', [('open', MIDDLE), ('turnon', KNOB), PUSHED])
def test_expert_opens_turns_and_pushes(table, goal):
    from frs_ros.sim.expert import TaskExpert

    table.reset(30)
    table.pursue(goal, '')
    before = table.world.position(goal[1])
    done = any(table.step(action) for action in TaskExpert(table).actions())
    assert done
    if goal == PUSHED:
        assert abs(table.world.position('plate_1')[2] - before[2]) < 0.01  # pushed, not carried
