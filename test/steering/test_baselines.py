# SPDX-License-Identifier: Apache-2.0
"""Partial noising and sample-and-rank, against what their formulas say."""

import numpy as np
import pytest
from mixture_policy import MixturePolicy, observation

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.steering import scores
from frs_ros.steering.base import plan_rng
from frs_ros.steering.guided_dims import guided_dims
from frs_ros.steering.methods.sample_and_rank import SampleAndRank
from frs_ros.steering.registry import make_steerer
from frs_ros.types import JOINT_DELTA, ActionSpec

LEFT = Guidance(direction=np.array([0.0, 1.0, 0.0]), magnitude=0.5)


class Still(MixturePolicy):
    """A policy whose field is zero: a latent stays where it is."""

    def velocity(self, x, t, context):
        self.times = [*getattr(self, 'times', []), float(t[0])]
        return 0 * x


def _plan(method, policy, guidance=LEFT, seed=0, **options):
    return make_steerer(method, **options).plan(policy, observation(), guidance, plan_rng(seed, 0))


@pytest.mark.parametrize(
    ('level', 'times'),
    [
        (0.5, [0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.3, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.85, [0.85, 0.9]),
        (0.99, [0.99]),
    ],
)
def test_partial_noising_starts_at_its_level(level, times):
    policy = Still(padding=3)
    plan = _plan('partial_noising', policy, level=level)
    np.testing.assert_allclose(policy.times, times)
    assert plan.nfe == len(times)
    noise = plan_rng(0, 0).standard_normal((4, 10), dtype=np.float32)
    reference = to_numpy(reference_chunk(LEFT, policy, observation()))[0]
    start = policy.asarray(level * reference + (1 - level) * noise)
    np.testing.assert_array_equal(plan.chunk, policy.from_model(start, observation()))
    assert np.isnan(plan.noise).all()


def test_a_lower_level_leaves_more_to_the_policy():
    def distance(level):
        plans = [_plan('partial_noising', MixturePolicy(), seed=s, level=level) for s in range(20)]
        return np.mean([p.diagnostics['round_trip_rms'] for p in plans])

    assert distance(0.9) < distance(0.5) < distance(0.1)


@pytest.mark.parametrize('score', scores.SCORES)
def test_the_best_candidate_is_executed(score):
    policy = MixturePolicy()
    rng = plan_rng(0, 0)
    noise = [rng.standard_normal((4, 7), dtype=np.float32) for _ in range(8)]
    alone = [_plan('sample_and_rank', policy, n=1)]
    assert alone[0].noise.tobytes() == noise[0].tobytes()  # the unsteered plan
    np.testing.assert_array_equal(alone[0].chunk, _plan('base', policy).chunk)
    plan = _plan('sample_and_rank', policy, n=8, score=score)
    index = next(i for i, z in enumerate(noise) if np.array_equal(z, plan.noise))
    reference = to_numpy(reference_chunk(LEFT, policy, observation()))[0]
    values = []
    for z in noise:
        x = to_numpy(policy.to_model(_sampled(policy, z), observation()))
        values.append(scores.SCORES[score](x[None, :, :3], reference[:, :3])[0])
    assert index == int(np.argmax(values))


def _sampled(policy, noise):
    class Fixed:
        def standard_normal(self, shape, dtype):
            return noise

    return make_steerer('base').plan(policy, observation(), None, Fixed()).chunk


def test_scores_against_closed_forms():
    reference = np.zeros((2, 3))
    reference[:, 0] = 2.0
    candidates = np.stack([reference, -reference, 3 * reference, 0 * reference])
    np.testing.assert_allclose(scores.cosine(candidates, reference), [1, -1, 1, 0])
    np.testing.assert_array_equal(scores.cosine(candidates, 0 * reference), np.zeros(4))
    expected = -np.sqrt([0, 16 / 3, 16 / 3, 4 / 3])
    np.testing.assert_allclose(scores.distance(candidates, reference), expected)


def test_only_what_the_wish_is_about_is_scored():
    spec = MixturePolicy().spec
    assert guided_dims(LEFT, spec) == [0, 1, 2]
    assert guided_dims(Guidance(rotation=[0, 0, 1]), spec) == [3, 4, 5]
    assert guided_dims(Guidance(direction=[1, 0, 0], gripper=Gripper.CLOSE), spec) == [0, 1, 2, 6]
    names = (*(f'joint_{i}' for i in range(1, 8)), 'gripper')
    joints = ActionSpec(15, 8, 32, 15.0, names, ('1',) * 8, 10, 8, JOINT_DELTA)
    assert guided_dims(LEFT, joints) == list(range(7))
    assert guided_dims(Guidance(gripper=Gripper.OPEN), joints) == [7]


def test_candidates_are_one_batch_on_one_context():
    policy, shapes = MixturePolicy(), []
    velocity = policy.velocity
    policy.velocity = lambda x, t, c: (shapes.append((len(x), c.size)), velocity(x, t, c))[1]
    SampleAndRank(n=16).plan(policy, observation(), LEFT, plan_rng(0, 0))
    assert shapes == [(16, 16)] * policy.spec.steps


@pytest.mark.parametrize(
    ('method', 'options', 'words'),
    [
        ('partial_noising', {'level': 0}, 'level must be between 0 and 1'),
        ('partial_noising', {'level': 1.0}, 'level must be between 0 and 1'),
        ('partial_noising', {'level': 1.5}, r'level must be in \[0, 1\], not 1.5'),
        ('partial_noising', {'level': 'half'}, "level must be a number, not 'half'"),
        ('partial_noising', {'level': float('nan')}, 'level must be a number, not nan'),
        ('partial_noising', {'t': 0.5}, "no option 't'; it has: level"),
        ('sample_and_rank', {'n': 0}, 'n must be a whole number from 1'),
        ('sample_and_rank', {'n': 2.5}, 'n must be a whole number from 1'),
        ('sample_and_rank', {'n': True}, 'n must be a whole number from 1'),
        ('sample_and_rank', {'n': 10**6}, 'n must be a whole number from 1 to 1024'),
        ('frs_fixed_point', {'limit': 10**400}, 'limit must be a number, not 1000'),
        ('frs', {'operator': []}, 'operator must be names'),
        ('frs', {'operator': [3]}, 'operator must be names'),
        ('sample_and_rank', {'score': 'luck'}, "unknown score 'luck'; choose one of: cosine"),
    ],
)
def test_bad_options_are_named(method, options, words):
    with pytest.raises(ConfigError, match=words):
        make_steerer(method, **options)
