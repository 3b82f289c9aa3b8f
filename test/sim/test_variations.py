# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.errors import ConfigError


def test_another_target_changes_goal_and_instruction_until_the_next_reset(butter_env):
    from frs_ros.sim.variations import Variation, other_target

    env = Variation(butter_env, other_target(lambda text: 'ketchup' in text or 'juice' in text))
    seen = []
    for init_id in (30, 31, 32):
        env.reset(init_id)
        seen.append(env.scene().target)
        assert env.observe().instruction.startswith('pick up the')
        assert env.goal[1] == env.scene().target
    assert seen == ['ketchup_1', 'orange_juice_1', 'ketchup_1']
    butter_env.reset(30)
    assert butter_env.scene().target == 'butter_1'
    assert 'butter' in butter_env.instruction


def test_a_policy_that_knows_nothing_here_is_told_so(butter_env):
    from frs_ros.sim.variations import Variation, other_target

    with pytest.raises(ConfigError, match='knows no other object'):
        Variation(butter_env, other_target(lambda text: False)).reset(30)


def test_shuffled_layouts_depend_on_seed_and_init_state(butter_env):
    from frs_ros.sim.variations import Variation, shuffled

    def place(seed, init_id):
        Variation(butter_env, shuffled(seed)).reset(init_id)
        return butter_env.world.position('butter_1')

    first = place(7, 30)
    np.testing.assert_array_equal(first, place(7, 30))
    assert np.linalg.norm(first - place(7, 31)) > 0.01
    assert np.linalg.norm(first - place(8, 30)) > 0.01


def test_only_objects_of_the_scene_can_be_targets(butter_env):
    with pytest.raises(ConfigError, match='no object banana_1'):
        butter_env.retarget('banana_1')


@pytest.fixture(scope='module')
def tomato_env():
    from frs_ros.sim.libero import LiberoEnv

    env = LiberoEnv('libero_object', 6, cameras=(), assets='standin', target='tomato_sauce')
    yield env
    env.close()


def test_a_named_target_is_the_task_from_the_start_and_after_every_reset(tomato_env):
    words = 'pick up the tomato sauce and place it in the basket'
    assert tomato_env.instruction == words
    for init_id in (30, 31):
        tomato_env.reset(init_id)
        assert tomato_env.instruction == words
        assert tomato_env.scene().target == 'tomato_sauce_1'
        assert tomato_env.goals == (('in', 'tomato_sauce_1', 'basket_1_contain_region'),)


def test_a_named_target_must_be_in_the_scene_of_a_suite_where_things_are_fetched():
    from frs_ros.sim.libero import LiberoEnv

    with pytest.raises(ConfigError, match="unknown target of task 6 'milk'; choose one of: bbq"):
        LiberoEnv('libero_object', 6, cameras=(), assets='standin', target='milk')
    with pytest.raises(ConfigError, match='libero_object only'):
        LiberoEnv('libero_goal', 0, cameras=(), assets='standin', target='cream_cheese')
