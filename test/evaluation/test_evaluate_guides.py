# SPDX-License-Identifier: Apache-2.0
"""Wrong guidance: how often, in which way, and the same in every run."""

import numpy as np
import pytest
from evaluate_world import PointEnv, PointPolicy, towards_target

from frs_ros.errors import ConfigError
from frs_ros.evaluation.adjusted import adjusted
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.guides import (
    COARSE_DIRECTIONS,
    distort,
    episode_guide,
    guidance_rng,
)
from frs_ros.guidance.coarse import diagonal
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.steering.base import plan_rng

WISH = Guidance(np.array([0.0, 1, 0]), gripper=Gripper.OPEN, magnitude=0.5, source='oracle')
N = 4000


def scene():
    env = PointEnv()
    env.reset(0)
    return env.scene()


def said(conditions, seed=3, count=N, guide=lambda scene: WISH):
    asked = episode_guide(guide, conditions, seed)
    return [asked(scene) for _ in range(count)]


def test_coarse_directions_are_those_the_oracle_has():
    np.testing.assert_allclose(np.linalg.norm(COARSE_DIRECTIONS, axis=1), 1)
    assert len(np.unique(COARSE_DIRECTIONS.round(6), axis=0)) == 10
    for direction in COARSE_DIRECTIONS[:8]:
        np.testing.assert_allclose(diagonal(direction[:2]), direction, atol=1e-12)
    np.testing.assert_array_equal(COARSE_DIRECTIONS[8:], [[0, 0, 1], [0, 0, -1]])


def test_right_guidance_is_left_alone():
    assert all(guidance is WISH for guidance in said(Conditions(), count=50))


@pytest.mark.parametrize('probability', [0.1, 0.25, 0.5, 1.0])
def test_flipped_guidance_is_the_opposite_as_often_as_said(probability):
    guidances = said(Conditions(wrong=probability))
    wrong = [g for g in guidances if g is not WISH]
    error = 4 * np.sqrt(probability * (1 - probability) / N)
    assert len(wrong) / N == pytest.approx(probability, abs=error)
    for guidance in wrong:
        np.testing.assert_array_equal(guidance.direction, -WISH.direction)
        assert (guidance.magnitude, guidance.gripper) == (0.5, Gripper.OPEN)
        assert guidance.source == 'oracle (flipped)'


@pytest.mark.parametrize(
    'conditions', [Conditions(guidance='random'), Conditions(wrong=1.0, wrong_kind='random')]
)
def test_random_guidance_is_uniform_over_the_coarse_directions(conditions):
    directions = np.array([guidance.direction for guidance in said(conditions)])
    which = np.linalg.norm(directions[:, None] - COARSE_DIRECTIONS, axis=-1).argmin(axis=1)
    counts = np.bincount(which, minlength=10)
    chi2 = np.sum((counts - N / 10) ** 2 / (N / 10))
    assert chi2 < 27.9, 'the 0.999 quantile for 9 degrees of freedom'
    np.testing.assert_array_equal(directions, COARSE_DIRECTIONS[which])


@pytest.mark.parametrize(
    'wish', [Guidance(defer=True), Guidance(gripper=Gripper.CLOSE), Guidance(enabled=False)]
)
@pytest.mark.parametrize('kind', ['flipped', 'random'])
def test_what_has_no_direction_stays_as_it_is(wish, kind):
    assert distort(wish, 1.0, kind, np.random.default_rng(0)) is wish


def test_no_guidance_is_none_at_all():
    assert episode_guide(towards_target, Conditions(guidance='none'), 1) is None
    assert episode_guide(None, Conditions(), 1) is None


def test_a_plan_is_wrong_in_every_run_or_in_none():
    def which(seed):
        return [g is WISH for g in said(Conditions(wrong=0.5), seed, 64)]

    assert which(3) == which(3) != which(4)
    flags = [guidance_rng(3, i).random() < 0.5 for i in range(64)]
    assert which(3) == [not flag for flag in flags], 'from episode and plan alone'


def test_more_wrong_guidance_is_wrong_wherever_less_is():
    less, more = (
        {i for i, g in enumerate(said(Conditions(wrong=p), count=500)) if g is not WISH}
        for p in (0.1, 0.5)
    )
    assert less < more


def test_draws_are_not_those_of_the_plans():
    assert guidance_rng(3, 0).random() != plan_rng(3, 0).random()


def test_adjusted_policy_differs_in_its_spec_alone():
    policy = PointPolicy()
    other = adjusted(policy, replan=5, steps=20)
    assert (other.spec.execute_steps, other.spec.steps) == (5, 20)
    assert (policy.spec.execute_steps, policy.spec.steps) == (3, 4)
    assert other.cameras is policy.cameras
    assert adjusted(policy) is policy
    assert adjusted(policy, replan=3, steps=4) is policy
    with pytest.raises(ConfigError, match='replan 6 is longer than a chunk; this policy plans 5'):
        adjusted(policy, replan=6)
