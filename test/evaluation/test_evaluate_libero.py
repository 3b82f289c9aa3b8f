# SPDX-License-Identifier: Apache-2.0
"""One real task with the stand-in assets and a policy of random weights."""

import numpy as np
import pytest

from frs_ros.evaluation.evaluate import episode_seed, run_episode
from frs_ros.evaluation.libero_world import LiberoWorld
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.settings import EvaluationSettings
from frs_ros.policies.mini import random_policy
from frs_ros.types import ObjectPose, PrivilegedScene

TASK, INIT, SHORT = 5, 30, 25
SETTINGS = EvaluationSettings(
    'libero_object', (TASK,), (Method('frs', 'frs'),), trials=1, first_init=INIT, assets='standin'
)


@pytest.fixture(scope='module')
def policy():
    import torch

    torch.set_num_threads(1)  # as in a worker; the network is too small for more
    return random_policy()


@pytest.fixture(scope='module')
def env(policy):
    env = LiberoWorld().environment(SETTINGS, TASK, policy)
    env.max_steps = SHORT
    yield env
    env.close()


def episode(env, policy, method, guidance, magnitude=1.0):
    world = LiberoWorld()
    seed = episode_seed(SETTINGS.seed, SETTINGS.suite, TASK, INIT)
    return run_episode(
        env,
        policy,
        world.steerer(Method.parse(method)),
        world.guide(guidance, magnitude, 0.03),
        init_id=INIT,
        episode_seed=seed,
    )


def test_the_guide_is_as_careful_as_the_conditions_say():
    at, box = np.array([0.1, 0.0, 0.04]), np.array([0.05, 0.05, 0.08])
    objects = {name: ObjectPose(at, box, 0.04) for name in ('milk_1', 'basket_1')}
    beside = PrivilegedScene(np.array([0.075, 0.0, 0.3]), objects, 'milk_1', 'basket_1', 0)
    usual, careful = (LiberoWorld().guide('oracle', 1.0, near) for near in (0.03, 0.02))
    np.testing.assert_allclose(usual(beside).direction, [0, 0, -1])
    np.testing.assert_allclose(careful(beside).direction, [1, 0, 0])


def test_episode_repeats_exactly(env, policy):
    first, second = (episode(env, policy, 'frs', 'oracle') for _ in range(2))
    assert first.steps == SHORT
    assert len(first.plans) == SHORT // policy.spec.execute_steps
    np.testing.assert_array_equal(first.chunks, second.chunks)


def test_oracle_brings_the_gripper_nearer_than_no_guidance(env, policy):
    """Executed directly, so that it does not depend on the weights."""

    def distance():
        scene = env.scene()
        return np.linalg.norm((scene.objects[scene.target].position - scene.gripper)[:2])

    env.reset(INIT)
    start = distance()
    result = episode(env, policy, 'direct', 'oracle')
    assert result.steered[0]
    assert result.plans[0].method == 'direct'
    assert distance() < 0.7 * start


def test_without_guidance_every_method_is_the_unsteered_policy(env, policy):
    base, frs = (episode(env, policy, method, 'none') for method in ('base', 'frs'))
    assert frs.steered_share == 0.0
    np.testing.assert_array_equal(base.chunks, frs.chunks)
