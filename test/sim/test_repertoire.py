# SPDX-License-Identifier: Apache-2.0
"""Goals besides the stock one, and layouts of the table-top suites."""

import numpy as np
import pytest

from frs_ros.errors import ConfigError
from frs_ros.sim.splits import SPLITS

pytest.importorskip('libero', reason='LIBERO is not installed')


@pytest.fixture(scope='module')
def goal_env():
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_goal', 4, cameras=(), assets='standin')
    yield env
    env.close()


def test_held_out_goals_are_not_in_the_repertoire(goal_env):
    from frs_ros.sim.repertoire import repertoire

    every = {g.instruction for g in repertoire(goal_env, ())}
    trained = {g.instruction for g in repertoire(goal_env, SPLITS['libero_goal'].never)}
    assert every - trained == set(SPLITS['libero_goal'].never)
    assert len(trained) >= 8


@pytest.mark.parametrize('suite', SPLITS)
def test_the_stock_instructions_of_trained_tasks_are_in_the_repertoire(suite):
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.sim.repertoire import repertoire

    split = SPLITS[suite]
    env = LiberoEnv(suite, split.tasks[0], cameras=(), assets='standin')
    goals = repertoire(env, split.never)
    assert env.stock_instruction in {g.instruction for g in goals}
    assert len({g.predicate for g in goals}) == len(goals) >= 3
    env.close()


def test_a_place_that_something_has_left_names_it_no_more():
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.sim.repertoire import repertoire

    env = LiberoEnv('libero_spatial', 7, cameras=(), assets='standin')
    stock, moved = repertoire(env, ()), repertoire(env, (), shuffled=True)
    env.close()
    assert [g.predicate for g in stock] == [g.predicate for g in moved]
    assert env.stock_instruction.endswith('on the stove and place it on the plate')
    assert stock[0].instruction == env.stock_instruction
    assert moved[0].instruction == ''
    assert stock[1:] == moved[1:]


@pytest.mark.parametrize('suite', SPLITS)
def test_no_demonstration_shows_a_held_out_task(suite):
    from frs_ros.sim.libero import LiberoEnv
    from frs_ros.sim.repertoire import repertoire
    from frs_ros.sim.suites import task

    split = SPLITS[suite]
    held_out = {task(suite, number).instruction for number in split.held_out}
    assert len(held_out) >= 3
    for number in split.tasks:
        env = LiberoEnv(suite, number, cameras=(), assets='standin')
        shown = {goal.instruction for goal in repertoire(env, split.never)}
        env.close()
        assert not held_out & shown


def test_another_goal_can_be_pursued_until_the_next_reset(goal_env):
    env = goal_env
    env.reset(30)
    env.pursue(('on', 'cream_cheese_1', 'flat_stove_1_cook_region'), 'cheese to the stove')
    assert env.instruction == 'cheese to the stove'
    assert env.destination == 'flat_stove_1_cook_region' == env.object_names[-1]
    scene = env.scene()
    burner = scene.objects[scene.destination].position
    assert (scene.target, scene.destination) == ('cream_cheese_1', env.destination)
    assert np.linalg.norm(burner - env.world.position('flat_stove_1')) == pytest.approx(
        0.15, abs=0.01
    )
    with pytest.raises(ConfigError, match='is no goal'):
        env.pursue(('on', 'milk_1', 'plate_1'), '')
    env.reset(30)
    assert env.goal == env.stock_goal


def test_things_lie_apart_on_the_table_in_shuffled_layouts(goal_env):
    from frs_ros.sim.layouts import AREAS, shuffle_layout

    env, area = goal_env, AREAS['libero_goal']
    for seed in range(3):
        env.reset(30)
        assert shuffle_layout(env, np.random.default_rng(seed))
        at = np.stack([env.world.position(n) for n in env.world.movable])
        gaps = np.linalg.norm(at[:, None, :2] - at[None, :, :2], axis=-1)
        assert gaps[np.triu_indices(len(at), 1)].min() > area.spacing - 0.02
        assert np.abs(at[:, 2] - 0.9).max() < 0.02  # nothing has fallen or stands on another


def test_other_suites_have_neither(goal_env, monkeypatch):
    from frs_ros.sim.layouts import shuffle_layout
    from frs_ros.sim.repertoire import repertoire

    monkeypatch.setattr(goal_env, 'suite', 'libero_90')
    with pytest.raises(ConfigError, match='libero_90'):
        repertoire(goal_env, ())
    with pytest.raises(ConfigError, match='libero_90'):
        shuffle_layout(goal_env, np.random.default_rng(0))
