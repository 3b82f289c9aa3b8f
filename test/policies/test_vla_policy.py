# SPDX-License-Identifier: Apache-2.0
"""Cores of the openpi lineage behind the policy contract (see also test_policy_contract.py)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_vla import CORES, FakeCore, SmolVla06Core, fake_policy, infer

from frs_ros.errors import CheckpointError, ConfigError
from frs_ros.flow.fixed_point import fixed_point
from frs_ros.flow.grids import uniform
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.flow.sample import sample
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.vla.context import tensors
from frs_ros.steering.kernel import field_of
from frs_ros.steering.registry import METHODS, make_steerer
from frs_ros.types import Observation

STATE = np.array([0.1, -0.2, 1.0, 3.0, 0.3, -0.1, 0.04, -0.04])
WISH = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='test')


@pytest.fixture(params=CORES)
def policy(request):
    return fake_policy(request.param)


def observation(seed=0):
    rng = np.random.default_rng(seed)
    images = {
        name: rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for name in ('agentview', 'wrist')
    }
    return Observation(images, STATE + 0.01 * seed, 'open the drawer')


def noise(policy, n=1, seed=0):
    shape = (n, policy.spec.horizon, policy.spec.model_dim)
    return policy.asarray(np.random.default_rng(seed).standard_normal(shape))


def digest(context):
    return [t.numpy().tobytes() for t in tensors(dict(context.arguments))]


def test_equals_the_stacks_own_sampler(policy):
    z = noise(policy)
    wanted = infer(policy.core, policy.inputs(observation()), z)
    assert policy.core.prefixes == 1
    with policy.inference():
        ours = sample(field_of(policy, policy.encode(observation())), z, uniform(10))
    torch.testing.assert_close(ours, wanted, atol=1e-6, rtol=0)


def test_velocity_points_from_noise_to_action():
    """Both ways of counting time give the same field in ours."""
    wanted = None
    for kind in ('pi05', 'paper'):
        policy = fake_policy(kind)
        context, x = policy.encode(observation()), noise(policy)
        t = policy.asarray(np.array([0.25]))
        ours = policy.velocity(x, t, context)
        own = policy.core.field(*context.arguments.values(), x, 1 - t)  # noise - action
        torch.testing.assert_close(ours, -own)
        wanted = ours if wanted is None else wanted
        torch.testing.assert_close(ours, wanted)


@pytest.mark.parametrize('method', METHODS)
def test_steering_encodes_once_and_leaves_everything_untouched(policy, method):
    weights = {k: v.clone() for k, v in policy.core.state_dict().items()}
    contexts, encode = [], policy.encode

    def noted(seen):
        contexts.append(encode(seen))
        contexts.append(digest(contexts[-1]))
        return contexts[-2]

    policy.encode = noted
    plan = make_steerer(method).plan(policy, observation(), WISH, np.random.default_rng(0))
    assert plan.chunk.shape == (policy.spec.horizon, policy.spec.action_dim)
    assert np.isfinite(plan.chunk).all()
    assert policy.core.prefixes == len(contexts) // 2 <= 1
    for context, before in zip(contexts[::2], contexts[1::2]):
        assert digest(context) == before
    for name, value in policy.core.state_dict().items():
        assert torch.equal(value, weights[name])
    assert 'denoise_step' not in vars(policy.core)


@pytest.mark.parametrize('inverse', [reverse_euler, fixed_point])
def test_reverse_and_forward_share_one_prefix(policy, inverse):
    with policy.inference():
        context = policy.encode(observation())
        field = field_of(policy, context)
        chunk = sample(field, noise(policy), uniform(10))
        before = digest(context)
        again = sample(field, inverse(field, chunk, uniform(10)).noise, uniform(10))
    tolerance = 1e-4 if inverse is fixed_point else 0.5
    torch.testing.assert_close(again, chunk, atol=tolerance, rtol=0)
    assert policy.core.prefixes == 1
    assert digest(context) == before


def test_unsteered_plan_is_the_stacks_own_chunk(policy):
    plan = make_steerer('base').plan(policy, observation(), None, np.random.default_rng(3))
    z = np.random.default_rng(3).standard_normal((10, 32), dtype=np.float32)
    own = infer(policy.core, policy.inputs(observation()), torch.from_numpy(z)[None])
    wanted = policy.from_model(own, observation())[0]
    np.testing.assert_allclose(plan.chunk, wanted, atol=1e-5)


@pytest.mark.parametrize('method', ['frs', 'frs_fixed_point'])
def test_strength_zero_is_the_policy_itself(policy, method):
    steerer = make_steerer(method, strength=0.0)
    plans = [
        s.plan(policy, observation(), WISH, np.random.default_rng(5))
        for s in (make_steerer('base'), steerer)
    ]
    np.testing.assert_array_equal(plans[1].chunk, plans[0].chunk)
    np.testing.assert_array_equal(plans[1].noise, plans[0].noise)


@pytest.mark.parametrize(
    'options', [{'strength': 0.5}, {'depth': 0.5}, {'operator': 'translation'}]
)
def test_options_of_steering_work(policy, options):
    steerer = make_steerer('frs_fixed_point', **options)
    plan = steerer.plan(policy, observation(), WISH, np.random.default_rng(5))
    alone = make_steerer('base').plan(policy, observation(), None, np.random.default_rng(5))
    assert policy.core.prefixes == 2
    assert plan.chunk[:, 0].mean() > alone.chunk[:, 0].mean()  # towards the wish, +x


def test_threads_get_their_own_observation(policy):
    def velocity(seed):
        context = policy.encode(observation(seed))
        x, t = noise(policy, 3), policy.asarray(np.array([0.1, 0.5, 0.9]))
        return policy.velocity(x, t, context.expand(3))

    alone = [velocity(seed) for seed in range(16)]
    assert not torch.equal(alone[0], alone[1])
    with ThreadPoolExecutor(8) as pool:
        for seed, together in zip(range(16), pool.map(velocity, range(16))):
            torch.testing.assert_close(together, alone[seed], rtol=0, atol=1e-6)


def test_a_context_of_one_serves_a_batch(policy):
    context, x = policy.encode(observation()), noise(policy, 3)
    t = policy.asarray(np.full(3, 0.5))
    torch.testing.assert_close(
        policy.velocity(x, t, context), policy.velocity(x, t, context.expand(3))
    )


def test_weights_are_frozen_and_gradients_flow_past_them(policy):
    context = policy.encode(observation())
    x = noise(policy).requires_grad_()
    policy.velocity(x, policy.asarray(np.array([0.5])), context).sum().backward()
    assert x.grad.abs().max() > 0
    assert not any(p.requires_grad for p in policy.core.parameters())
    assert not policy.core.training


def failing(message):
    def start(core, fed):
        raise RuntimeError(message)

    return start


def test_a_failing_stack_is_one_line():
    policy = fake_policy('pi05', start=failing('no such\ninput'))
    with pytest.raises(CheckpointError, match=r'fake pi05 failed.*Error: no such input'):
        policy.encode(observation())
    assert 'denoise_step' not in vars(policy.core)


def test_too_little_memory_is_called_so():
    def start(core, fed):
        raise torch.OutOfMemoryError('CUDA out of memory.\nTried to allocate 20.00 MiB.')

    policy = fake_policy('pi05', start)
    with pytest.raises(ConfigError, match=r'cpu has too little memory for .*20.00 MiB') as caught:
        policy.encode(observation())
    assert 'mapped' not in str(caught.value)
    assert '\n' not in str(caught.value)
    assert isinstance(caught.value.__cause__, torch.OutOfMemoryError)


def test_too_little_memory_in_a_step_is_called_so(policy, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError('CUDA out of memory.')

    context, x = policy.encode(observation()), noise(policy, 16)
    monkeypatch.setattr(FakeCore, 'field', full)
    with pytest.raises(ConfigError, match=r'too little memory for .* a step for 16 chunks'):
        policy.velocity(x, policy.asarray(np.zeros(16)), context)


@pytest.mark.parametrize('n', [1, 3])
def test_arrays_come_in_one_layout(policy, n):
    """Compiled steps are kept by strides; numpy gives an axis of one any."""
    drawn = np.zeros((n, 4, 5), np.float32)
    for x in (drawn, drawn[:1][0][None], np.broadcast_to(drawn[:1], (n, 4, 5))):
        assert policy.asarray(x).stride() == (20, 5, 1)


def test_a_core_that_fails_inside_keeps_its_method(policy, monkeypatch):
    def broken(core, *args):
        raise ValueError('out of memory')

    with monkeypatch.context() as patch:
        patch.setattr(FakeCore, 'prefix', broken)
        with pytest.raises(CheckpointError, match='out of memory'):
            policy.encode(observation())
    with monkeypatch.context() as patch:
        patch.setattr(FakeCore, 'field', broken)
        context = policy.encode(observation())
        with pytest.raises(ValueError, match='out of memory'):
            policy.velocity(noise(policy), policy.asarray(np.array([0.5])), context)
    assert 'denoise_step' not in vars(policy.core)
    assert torch.isfinite(policy.velocity(noise(policy), torch.tensor([0.5]), context)).all()


def test_a_core_that_writes_into_its_cache_is_told(monkeypatch):
    policy = fake_policy('pi05')
    field = FakeCore.field

    def updating(core, mask, cache, *args):
        v = field(core, mask, cache, *args)
        cache.layers[0].keys[:, 0] = 1  # StaticCache.update
        return v

    monkeypatch.setattr(FakeCore, 'field', updating)
    with pytest.raises(CheckpointError, match='changed its cached prefix'):
        make_steerer('base').plan(policy, observation(), None, np.random.default_rng(0))


@pytest.mark.parametrize('method', ['base', 'sample_and_rank', 'frs_fixed_point'])
def test_a_core_that_appends_to_its_cache_plans_as_one_that_does_not(method):
    plans = [
        make_steerer(method).plan(fake_policy(kind), observation(), WISH, np.random.default_rng(0))
        for kind in ('joining', 'smolvla_06')
    ]
    np.testing.assert_array_equal(plans[1].chunk, plans[0].chunk)
    np.testing.assert_array_equal(plans[1].noise, plans[0].noise)


def test_what_one_step_appends_no_other_step_sees(monkeypatch):
    """Even where the core leaves it in the cache."""
    monkeypatch.setattr(SmolVla06Core, 'restore', lambda *_: None)
    velocities = []
    for policy in (fake_policy('joining'), fake_policy('smolvla_06')):
        context, x = policy.encode(observation()), noise(policy)
        times = [policy.asarray(np.array([t])) for t in (0.0, 0.5, 0.5)]
        velocities.append([policy.velocity(x, t, context) for t in times])
    for first, second in zip(*velocities):
        assert torch.equal(first, second)


def test_a_core_of_another_shape_is_told():
    policy = fake_policy('openpi')
    policy.spec = replace(policy.spec, horizon=50)
    with pytest.raises(CheckpointError, match=r'samples chunks \[1, 10, 32\], expected \[1, 50'):
        policy.encode(observation())


def test_images_reach_the_stack_in_their_own_size():
    seen = {}

    def start(core, fed):
        seen.update(fed)
        return infer(core, fed)

    policy = fake_policy('openpi', start)
    wide = observation()
    images = {name: np.zeros((48, 80, 3), np.uint8) for name in wide.images}
    policy.encode(replace(wide, images=images))
    assert seen['observation/wrist_image'].shape == (48, 80, 3)
    assert seen['prompt'] == 'open the drawer'
    np.testing.assert_allclose(seen['observation/state'], STATE, rtol=1e-6)


def test_user_mistakes_keep_their_own_message(policy):
    with pytest.raises(ConfigError, match='state must be 8 finite numbers'):
        policy.encode(replace(observation(), state=np.zeros(3)))
    with pytest.raises(ConfigError, match="lacks the image of camera 'wrist'"):
        policy.encode(replace(observation(), images={'agentview': np.zeros((8, 8, 3), np.uint8)}))
