# SPDX-License-Identifier: Apache-2.0
import itertools

import numpy as np
import pytest
from evaluate_world import (
    DISTANCE,
    MAX_STEPS,
    STEP,
    PointEnv,
    PointPolicy,
    PointSteerer,
    towards_target,
)

from frs_ros.evaluation.episode import run_episode
from frs_ros.messages.guidance import Guidance
from frs_ros.steering.base import plan_rng

SPEC = PointPolicy.spec


def episode(env=None, steerer=None, guide=towards_target, **options):
    options = {'init_id': 2, 'episode_seed': 11} | options
    return run_episode(
        env or PointEnv(), PointPolicy(), steerer or PointSteerer('frs'), guide, **options
    )


def test_stops_at_the_step_that_succeeds():
    env = PointEnv()
    result = episode(env)
    steps = round(DISTANCE / STEP)
    assert steps % SPEC.execute_steps, 'success must fall inside a chunk for this test'
    assert result.success
    assert result.outcome == 'success'
    assert result.steps == len(env.actions) == steps
    assert env.resets == [2]


def test_executes_execute_steps_of_each_chunk_in_order():
    env = PointEnv()
    result = episode(env)
    executed = result.chunks[:, : SPEC.execute_steps].reshape(-1, SPEC.action_dim)
    np.testing.assert_array_equal(env.actions, executed[: result.steps])


def test_stops_at_the_step_limit_inside_a_chunk():
    env = PointEnv()
    result = episode(env, PointSteerer('base'), guide=None)
    assert MAX_STEPS % SPEC.execute_steps
    assert not result.success
    assert result.steps == len(env.actions) == MAX_STEPS
    assert result.outcome == 'never near'
    assert len(result.plans) == -(-MAX_STEPS // SPEC.execute_steps)


def test_plan_i_draws_from_plan_rng_i():
    result = episode(PointEnv(), PointSteerer('base'), guide=None, episode_seed=5)
    shape = (SPEC.horizon, SPEC.model_dim)
    for index, plan in enumerate(result.plans):
        expected = plan_rng(5, index).standard_normal(shape).astype(np.float32)
        np.testing.assert_array_equal(plan.noise, expected)


def test_guidance_sees_the_scene_of_each_plan():
    seen = []

    def guide(scene):
        seen.append(scene.gripper[0])
        return towards_target(scene)

    result = episode(guide=guide)
    np.testing.assert_allclose(seen, STEP * SPEC.execute_steps * np.arange(len(result.plans)))


def test_counts_only_plans_with_active_guidance_as_steered():
    wishes = itertools.cycle([Guidance(np.array([0.0, 0, 1])), Guidance(defer=True), None])
    result = episode(guide=lambda scene: next(wishes))
    assert result.steered[:4] == (True, False, False, True)
    assert result.mean_diagnostic('cosine') == 1.0
    assert result.mean_diagnostic('absent') is None


@pytest.mark.parametrize(('given', 'seen'), [(None, 'task 0'), ('', ''), ('sing', 'sing')])
def test_instruction_can_be_replaced_or_withheld(given, seen):
    steerer = PointSteerer('frs')
    episode(steerer=steerer, instruction=given)
    assert {observation.instruction for observation in steerer.observations} == {seen}


def test_measures_the_time_of_each_plan_with_the_given_clock():
    ticks = itertools.count()
    result = episode(clock=lambda: next(ticks) * 0.25)
    assert result.plan_ms == (250.0,) * len(result.plans)


def test_sums_velocity_evaluations():
    result = episode()
    assert result.nfe == 8 * len(result.plans)
    assert result.steered_share == 1.0
