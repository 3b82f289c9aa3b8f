# SPDX-License-Identifier: Apache-2.0
"""The methods dsbc and bc: what they do alone, under a wish, and with a checkpoint of others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learned import VARIANTS, make_checkpoint
from mixture_policy import MixturePolicy, observation

from frs_ros.benchmarks.counting import CountingPolicy
from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.serving.planner import Planner, steerer_from
from frs_ros.steering.base import plan_rng
from frs_ros.steering.registry import LEARNED, make_steerer

LEFT = Guidance(direction=np.array([0.0, 2.0, 0.0]))
UNWISHED = [None, Guidance(), Guidance(direction=np.ones(3), defer=True)]


@pytest.fixture(params=['numpy', 'torch'])
def policy(request):
    return MixturePolicy(library=request.param, padding=3)


@pytest.fixture
def checkpoints(policy, tmp_path):
    return {
        method: make_checkpoint(policy, tmp_path / f'{method}.safetensors', variant)
        for method, variant in VARIANTS.items()
    }


def plan(method, checkpoints, policy, guidance=None, seed=(3, 1), seen=None, **options):
    steerer = make_steerer(method, checkpoint=checkpoints[method], **options)
    return steerer.plan(policy, seen or observation(), guidance, plan_rng(*seed))


def test_every_learned_method_is_tested():
    assert set(VARIANTS) == set(LEARNED)


@pytest.mark.parametrize('method', VARIANTS)
@pytest.mark.parametrize('guidance', UNWISHED)
def test_alone_it_acts_by_its_checkpoint(policy, checkpoints, method, guidance):
    counting = CountingPolicy(policy)
    made = plan(method, checkpoints, counting, guidance)
    base = make_steerer('base').plan(policy, observation(), None, plan_rng(3, 1))
    assert made.method == method
    assert made.chunk.shape == base.chunk.shape
    assert made.chunk.dtype == np.float64
    assert made.noise.shape == base.noise.shape
    assert made.noise.dtype == np.float32
    assert made.nfe == counting.evaluations == (policy.spec.steps if method == 'dsbc' else 0)
    assert counting.encodes == (1 if method == 'dsbc' else 0)
    assert not np.allclose(made.chunk, base.chunk)


@pytest.mark.parametrize('method', VARIANTS)
def test_plans_depend_on_observation_and_generator_only(policy, checkpoints, method):
    first, same = (plan(method, checkpoints, policy) for _ in range(2))
    np.testing.assert_array_equal(first.chunk, same.chunk)
    np.testing.assert_array_equal(first.noise, same.noise)
    elsewhere = replace(observation(), state=np.full(8, 0.3))
    other = plan(method, checkpoints, policy, seen=elsewhere)
    assert not np.allclose(other.chunk, first.chunk)


@pytest.mark.parametrize('method', VARIANTS)
@pytest.mark.parametrize('steer', ['frs', 'direct'])
def test_a_wish_is_followed_by_the_method_for_it(policy, checkpoints, method, steer):
    made = plan(method, checkpoints, policy, LEFT, steer=steer)
    expected = make_steerer(steer).plan(policy, observation(), LEFT, plan_rng(3, 1))
    np.testing.assert_array_equal(made.chunk, expected.chunk)
    assert made.method == steer


def test_the_noise_of_dsbc_makes_its_chunk_and_keeps_the_padding(policy, checkpoints):
    made = plan('dsbc', checkpoints, policy)
    context = policy.encode(observation())
    x = sample(
        lambda x, t: policy.velocity(x, t, context),
        policy.asarray(made.noise[None]),
        uniform(policy.spec.steps),
    )
    np.testing.assert_array_equal(policy.from_model(x, observation())[0], made.chunk)
    fresh = plan_rng(3, 1).standard_normal(made.noise.shape, dtype=np.float32)
    np.testing.assert_array_equal(made.noise[:, 7:], fresh[:, 7:])


def test_the_mean_is_the_same_for_every_generator_and_draws_are_not(policy, checkpoints):
    means = [plan('dsbc', checkpoints, policy, seed=(0, i)).noise[:, :7] for i in range(2)]
    np.testing.assert_array_equal(*means)
    draws = [
        plan('dsbc', checkpoints, policy, seed=(0, i), draw='sample').noise[:, :7]
        for i in range(2)
    ]
    assert not np.allclose(*draws)


def test_behaviour_cloning_has_no_noise_of_the_generalist(policy, checkpoints):
    assert np.isnan(plan('bc', checkpoints, policy).noise).all()


def test_where_nothing_was_learned_a_draw_is_the_unsteered_plan(tmp_path):
    import torch
    from learned import make_description

    from frs_ros.policies.noise.checkpoint import save_noise_policy
    from frs_ros.policies.noise.policy import DistilledNetwork

    policy = MixturePolicy()
    description = make_description(policy, 'chunk_nll')
    network = DistilledNetwork(description)
    torch.nn.init.zeros_(network.head.out[-1].weight)  # N(0, 1) everywhere
    path = save_noise_policy(network, description, tmp_path / 'unsure.safetensors')
    made = plan('dsbc', {'dsbc': str(path)}, policy, draw='sample')
    base = make_steerer('base').plan(policy, observation(), None, plan_rng(3, 1))
    np.testing.assert_array_equal(made.chunk, base.chunk)


@pytest.mark.parametrize('draw', ['mean', 'sample'])
def test_where_the_network_lets_go_the_plan_is_the_unsteered_one(tmp_path, draw):
    import torch
    from learned import make_description

    from frs_ros.policies.noise.checkpoint import save_noise_policy
    from frs_ros.policies.noise.policy import DistilledNetwork

    policy = MixturePolicy()
    base = make_steerer('base').plan(policy, observation(), None, plan_rng(3, 1))
    description = make_description(policy, 'chunk_nll')
    description = replace(description, architecture=replace(description.architecture, defer=True))
    for logit, deferred in ((-9.0, 1.0), (9.0, 0.0)):
        network = DistilledNetwork(description)
        torch.nn.init.constant_(network.head.out[-1].bias, 0.5)
        torch.nn.init.constant_(network.deferral.out[-1].bias, logit)
        path = save_noise_policy(network, description, tmp_path / f'{deferred}.safetensors')
        made = plan('dsbc', {'dsbc': str(path)}, policy, draw=draw)
        assert made.diagnostics['deferred'] == deferred
        assert np.array_equal(made.chunk, base.chunk) == bool(deferred)


def test_threads_share_one_network(policy, checkpoints):
    alone = plan('dsbc', checkpoints, policy)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: plan('dsbc', checkpoints, policy), range(8)))
    for one in made:
        np.testing.assert_array_equal(one.noise, alone.noise)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'horizon': 5}, 'horizon 5, this policy has 4'),
        ({'model_dim': 32}, 'noise dimension 32, this policy has 7'),
        ({'control_hz': 15.0}, r'control rate 15\.0, this policy has 20\.0'),
        ({'action_space': 'joint_delta'}, 'action space joint_delta, this policy has cartesian'),
        ({'cameras': ('scene',)}, "camera 'scene', this policy has none"),
    ],
)
@pytest.mark.parametrize('method', VARIANTS)
def test_a_checkpoint_of_another_generalist_is_refused(tmp_path, method, changes, words):
    policy = MixturePolicy()
    path = make_checkpoint(policy, tmp_path / 'x.safetensors', VARIANTS[method], **changes)
    for guidance in (None, LEFT):
        with pytest.raises(ConfigError, match=words) as raised:
            plan(method, {method: path}, policy, guidance)
        assert '\n' not in str(raised.value)
        assert path in str(raised.value)


@pytest.mark.parametrize('method', VARIANTS)
def test_a_chosen_method_keeps_its_network(policy, checkpoints, method):
    """What is trained anew, or deleted, counts when the method is chosen again."""
    steerer = make_steerer(method, checkpoint=checkpoints[method])

    def chunk(of):
        return of.plan(policy, observation(), None, plan_rng(3, 1)).chunk

    first = chunk(steerer)
    make_checkpoint(policy, Path(checkpoints[method]), VARIANTS[method], seed=1)
    np.testing.assert_array_equal(chunk(steerer), first)
    assert np.any(chunk(make_steerer(method, checkpoint=checkpoints[method])) != first)
    Path(checkpoints[method]).unlink()
    np.testing.assert_array_equal(chunk(steerer), first)
    with pytest.raises(CheckpointError):
        make_steerer(method, checkpoint=checkpoints[method]).check(policy)


@pytest.mark.parametrize('method', VARIANTS)
def test_a_wish_that_cannot_be_followed_leaves_it_alone(policy, checkpoints, method):
    planner = Planner(policy, make_steerer(method, checkpoint=checkpoints[method]))
    request = PlanRequest(1, '', 3, '', 0)
    lost = replace(LEFT, frame='ceiling')
    made, complaint = planner.follow(request, observation(), lost)
    alone = planner.plan(request, observation(), None)
    assert 'ceiling' in complaint
    assert made.method == method
    np.testing.assert_array_equal(made.chunk, alone.chunk)


def test_noise_of_other_weights_is_refused(tmp_path):
    policy = MixturePolicy()
    policy.identity = 'a' * 16
    path = make_checkpoint(policy, tmp_path / 'x.safetensors', 'repeated')
    plan('dsbc', {'dsbc': path}, policy)
    policy.identity = 'b' * 16
    with pytest.raises(ConfigError, match=r'noise of policy a{16}, this is policy b{16}'):
        plan('dsbc', {'dsbc': path}, policy)
    policy.identity = ''  # does not say: shapes must do
    plan('dsbc', {'dsbc': path}, policy)


def test_cloned_actions_do_for_any_weights(tmp_path):
    policy = MixturePolicy()
    policy.identity = 'a' * 16
    path = make_checkpoint(policy, tmp_path / 'x.safetensors', 'flow')
    policy.identity = 'b' * 16
    plan('bc', {'bc': path}, policy)


@pytest.mark.parametrize('method', VARIANTS)
def test_options_that_do_not_fit_are_refused(method, checkpoints, policy):
    with pytest.raises(ConfigError, match=f"'{method}' needs the checkpoint that frs train"):
        make_steerer(method)
    with pytest.raises(ConfigError, match='needs the checkpoint'):
        make_steerer(method, checkpoint=3)
    with pytest.raises(ConfigError, match=r"unknown steer 'dsbc'; choose one of: base, direct"):
        make_steerer(method, checkpoint='x', steer='dsbc')
    with pytest.raises(CheckpointError, match='no checkpoint at'):
        plan(method, {method: 'missing.safetensors'}, policy)
    other = {'dsbc': 'bc', 'bc': 'dsbc'}[method]
    with pytest.raises(CheckpointError, match=f'written by frs train {other}'):
        plan(method, {method: checkpoints[other]}, policy)


def test_least_squares_have_nothing_to_draw(tmp_path):
    policy = MixturePolicy()
    path = make_checkpoint(policy, tmp_path / 'x.safetensors', 'chunk')
    with pytest.raises(ConfigError, match="is 'chunk', which has nothing to draw"):
        plan('dsbc', {'dsbc': path}, policy, draw='sample')
    with pytest.raises(ConfigError, match="unknown draw 'worst'"):
        make_steerer('dsbc', checkpoint=path, draw='worst')


def test_a_planner_keeps_its_method_when_the_next_does_not_fit(tmp_path):
    policy = MixturePolicy()
    planner = Planner(policy, make_steerer('frs'))
    path = make_checkpoint(policy, tmp_path / 'x.safetensors', 'repeated', horizon=9)
    with pytest.raises(ConfigError, match='horizon 9'):
        planner.use(make_steerer('dsbc', checkpoint=path))
    assert planner.steerer.name == 'frs'


def test_one_checkpoint_serves_from_outside_the_options(checkpoints):
    steerer = steerer_from('dsbc', '{"draw": "sample"}', checkpoint=checkpoints['dsbc'])
    assert (steerer.checkpoint, steerer.draw) == (checkpoints['dsbc'], 'sample')
    assert steerer_from('frs', '{}', checkpoint=checkpoints['dsbc']).name == 'frs'
    own = steerer_from('dsbc', '{"checkpoint": "mine"}', checkpoint=checkpoints['dsbc'])
    assert own.checkpoint == 'mine'
