# SPDX-License-Identifier: Apache-2.0
"""The control step is robosuite's own, to the bit."""

import numpy as np
import pytest

pytest.importorskip('libero')


def _actions(seed, count=40):
    """Down to the table, about, and now and then another command of the fingers."""
    rng = np.random.default_rng(seed)
    arm = np.clip(rng.normal(0, 0.6, (count, 6)) - [0, 0, 0.5, 0, 0, 0], -1, 1)
    return np.column_stack([arm, rng.choice([-1.0, 1.0], count)])


def _run(env, init_id, step):
    env.reset(init_id)
    states = []
    for action in _actions(init_id):
        step(action)
        states.append(np.concatenate([env.data.qpos, env.data.qvel, env.state()]))
    return np.stack(states), env.data.ncon


@pytest.mark.parametrize('init_id', [0, 1])
def test_equals_robosuite(butter_env, init_id):
    problem = butter_env._env.env

    def robosuite(action):
        problem.timestep, problem.done = 0, False
        problem.step(action)

    expected, contacts = _run(butter_env, init_id, robosuite)
    found, _ = _run(butter_env, init_id, butter_env.step)
    assert contacts > 0
    np.testing.assert_array_equal(found, expected)
