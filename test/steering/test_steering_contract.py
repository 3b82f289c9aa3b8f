# SPDX-License-Identifier: Apache-2.0
"""What every steering method promises, on a policy whose field is known exactly."""

import numpy as np
import pytest
from mixture_policy import MixturePolicy, observation

from frs_ros.benchmarks.counting import CountingPolicy
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.base import episode_seed, plan_rng
from frs_ros.steering.registry import METHODS, make_steerer

STEERING = [m for m in METHODS if m != 'base']
DENOISING = [m for m in STEERING if m not in ('direct', 'partial_noising')]
# One of 16 samples need not have both the wished direction and the wished hand; of 200 one has.
OPTIONS = {'sample_and_rank': {'n': 200}, 'partial_noising': {'level': 0.7}}
LEFT = Guidance(direction=np.array([0.0, 2.0, 0.0]))
UNWISHED = [
    None,
    Guidance(),
    Guidance(direction=np.ones(3), defer=True),
    Guidance(direction=np.ones(3), enabled=False),
]


@pytest.fixture(params=['numpy', 'torch'])
def policy(request):
    return MixturePolicy(library=request.param)


def steerer(method):
    """Able to follow any wish on the test policy."""
    return make_steerer(method, **OPTIONS.get(method, {}))


def _own_sample(policy, rng):
    """The policy's native sampler, written out."""
    shape = (1, policy.spec.horizon, policy.spec.model_dim)
    noise = policy.asarray(rng.standard_normal(shape[1:], dtype=np.float32)[None])
    context = policy.encode(observation())
    x = sample(lambda x, t: policy.velocity(x, t, context), noise, uniform(policy.spec.steps))
    return policy.from_model(x, observation())[0]


def test_the_test_policy_is_a_flow_policy(policy):
    assert isinstance(policy, FlowPolicy)
    assert isinstance(CountingPolicy(policy), FlowPolicy)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('guidance', UNWISHED)
def test_without_a_wish_every_method_is_the_policy(policy, method, guidance):
    plan = make_steerer(method).plan(policy, observation(), guidance, plan_rng(3, 1))
    np.testing.assert_array_equal(plan.chunk, _own_sample(policy, plan_rng(3, 1)))
    assert plan.method == 'base'
    assert plan.nfe == policy.spec.steps


@pytest.mark.parametrize('method', METHODS)
def test_plans_have_the_promised_shapes_and_types(policy, method):
    plan = make_steerer(method).plan(policy, observation(), LEFT, plan_rng(0, 0))
    assert plan.method == method == make_steerer(method).name
    assert plan.chunk.shape == (policy.spec.horizon, policy.spec.action_dim)
    assert plan.noise.shape == (policy.spec.horizon, policy.spec.model_dim)
    assert plan.chunk.dtype == np.float64
    assert plan.noise.dtype == np.float32
    assert all(np.isfinite(v) for v in plan.diagnostics.values())


@pytest.mark.parametrize('method', METHODS)
def test_plans_depend_on_the_generator_only(policy, method):
    first, same = (
        make_steerer(method).plan(policy, observation(), LEFT, plan_rng(5, 2)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.chunk, same.chunk)
    np.testing.assert_array_equal(first.noise, same.noise)
    assert first.diagnostics == same.diagnostics


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('guidance', [LEFT, None])
def test_costs_are_as_reported_and_the_prefix_is_encoded_once(method, guidance):
    policy = CountingPolicy(MixturePolicy())
    plan = make_steerer(method).plan(policy, observation(), guidance, plan_rng(0, 0))
    assert policy.evaluations == plan.nfe
    assert policy.encodes == (0 if plan.method == 'direct' else 1)
    expected = {
        'base': 10,
        'direct': 0,
        'partial_noising': 5,
        'sample_and_rank': 160,
        'frs': 20,
    }
    assert plan.nfe == expected.get(plan.method, plan.nfe)


@pytest.mark.parametrize('method', METHODS)
def test_inputs_are_not_modified(method):
    policy, seen = MixturePolicy(), observation()
    direction = np.array([0.0, 2.0, 0.0])
    make_steerer(method).plan(policy, seen, Guidance(direction=direction), plan_rng(0, 0))
    np.testing.assert_array_equal(direction, [0, 2, 0])
    np.testing.assert_array_equal(seen.state, np.zeros(8))


@pytest.mark.parametrize('method', STEERING)
@pytest.mark.parametrize('axis', range(3))
@pytest.mark.parametrize('sign', [-1, 1])
def test_steered_chunks_follow_the_wish(policy, method, axis, sign):
    direction = np.zeros(3)
    direction[axis] = sign
    for index in range(5):
        wish = Guidance(direction=direction)
        plan = steerer(method).plan(policy, observation(), wish, plan_rng(1, index))
        mean = plan.chunk[:, :3].mean(0)
        assert mean @ direction / np.linalg.norm(mean) > 0.8
        assert plan.diagnostics['cosine'] > 0.8


def test_the_policy_alone_does_not_follow_the_wish():
    plans = [
        make_steerer('base').plan(MixturePolicy(), observation(), LEFT, plan_rng(1, i))
        for i in range(20)
    ]
    assert sum(p.chunk[:, 1].mean() > 0.5 for p in plans) < 10


@pytest.mark.parametrize('method', STEERING)
@pytest.mark.parametrize(('wish', 'sign'), [(Gripper.OPEN, -1), (Gripper.CLOSE, 1)])
def test_gripper_wishes_are_followed(method, wish, sign):
    guidance = Guidance(direction=np.array([1.0, 0, 0]), gripper=wish)
    for index in range(5):
        plan = steerer(method).plan(
            MixturePolicy(), observation(-sign), guidance, plan_rng(2, index)
        )
        assert (np.sign(plan.chunk[:, 6]) == sign).all()


@pytest.mark.parametrize('method', STEERING)
def test_a_gripper_wish_alone_is_a_wish(method):
    guidance = Guidance(gripper=Gripper.CLOSE)
    plan = steerer(method).plan(MixturePolicy(), observation(), guidance, plan_rng(0, 0))
    assert plan.method == method
    assert (plan.chunk[:, 6] > 0).all()


@pytest.mark.parametrize('method', [m for m in DENOISING if m != 'sample_and_rank'])
@pytest.mark.parametrize('library', ['numpy', 'torch'])
def test_padding_noise_is_drawn_afresh(method, library):
    policy = MixturePolicy(padding=25, library=library)
    plan = steerer(method).plan(policy, observation(), LEFT, plan_rng(4, 0))
    fresh = plan_rng(4, 0).standard_normal(plan.noise.shape, dtype=np.float32)
    np.testing.assert_array_equal(plan.noise[:, 7:], fresh[:, 7:])
    assert not np.any(plan.noise[:, :6] == fresh[:, :6])
    assert plan.chunk[:, 1].mean() > 0.4


@pytest.mark.parametrize('method', DENOISING)
def test_the_reported_noise_makes_the_chunk(policy, method):
    plan = make_steerer(method).plan(policy, observation(), LEFT, plan_rng(0, 0))
    context = policy.encode(observation())
    x = sample(
        lambda x, t: policy.velocity(x, t, context),
        policy.asarray(plan.noise[None]),
        uniform(policy.spec.steps),
    )
    # A batch of candidates rounds differently from the one candidate alone.
    tolerance = 1e-4 if method == 'sample_and_rank' else 0
    alone = policy.from_model(x, observation())[0]
    np.testing.assert_allclose(alone, plan.chunk, rtol=0, atol=tolerance)


def test_episode_seeds_are_stable_and_distinct():
    assert episode_seed(7, 'libero_object', 5, 30) == episode_seed(7, 'libero_object', 5, 30)
    seeds = {
        episode_seed(s, suite, t, i)
        for s in range(3)
        for suite in ('libero_object', 'libero_goal')
        for t in range(5)
        for i in range(10)
    }
    assert len(seeds) == 300
    assert max(seeds) < 2**64
    # Pinned: recorded results must stay reproducible.
    assert episode_seed(7, 'libero_object', 5, 30) == 10323359884260627070


def test_plan_generators_differ_by_plan_and_episode():
    draws = {plan_rng(e, i).random() for e in range(5) for i in range(5)}
    assert len(draws) == 25
