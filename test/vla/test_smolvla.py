# SPDX-License-Identifier: Apache-2.0
"""LeRobot's own SmolVLA, with tiny random weights, behind our contract."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from tiny_smolvla import (
    ACTION_DIM,
    POLICY_FILE,
    SIZE,
    STATISTICS,
    StubProcessor,
    save_backbone,
    save_checkpoint,
)

from frs_ros.errors import CheckpointError
from frs_ros.flow.fixed_point import fixed_point
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.vla.context import tensors
from frs_ros.steering.registry import METHODS, make_steerer
from frs_ros.types import Observation

pytestmark = pytest.mark.vla
STATE = np.array([0.1, -0.2, 1.0, 3.0, 0.3, -0.1, 0.04, -0.04])


@pytest.fixture(scope='module')
def write(tmp_path_factory):
    """Writes a policy file for the tiny checkpoint; what stands in for a hub is in place."""
    from lerobot.policies.smolvla import smolvlm_with_expert

    root = tmp_path_factory.mktemp('smolvla')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smolvlm_with_expert, 'AutoProcessor', StubProcessor)
        names = {
            'backbone': save_backbone(root / 'backbone'),
            'checkpoint': save_checkpoint(root / 'checkpoint', root / 'backbone'),
            'statistics': STATISTICS,
        }

        def written(dtype='float32'):
            path = root / f'{dtype}.yaml'
            path.write_text(POLICY_FILE.format(**names, dtype=dtype))
            return path

        yield written


@pytest.fixture(scope='module')
def policy(write):
    return load_policy(write())


@pytest.fixture
def observation():
    rng = np.random.default_rng(0)
    images = {
        name: rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        for name in ('agentview', 'wrist')
    }
    return Observation(images, STATE, 'pick up the milk')


def noise(policy, n=1, seed=0):
    shape = (n, policy.spec.horizon, policy.spec.model_dim)
    return policy.asarray(np.random.default_rng(seed).standard_normal(shape))


def own_batch(write, observation):
    """LeRobot's own policy, its pre- and postprocessor, and the batch it would be fed."""
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import get_policy_class, make_pre_post_processors

    folder = write().parent / 'checkpoint'
    config = PreTrainedConfig.from_pretrained(folder)
    policy = get_policy_class('smolvla').from_pretrained(folder, config=config)
    before, after = make_pre_post_processors(config, str(folder))
    images = {
        name: torch.from_numpy(observation.images[camera]).permute(2, 0, 1).float() / 255
        for camera, name in (
            ('agentview', 'observation.images.image'),
            ('wrist', 'observation.images.image2'),
        )
    }
    state = torch.from_numpy(observation.state.astype(np.float32))
    fed = {**images, 'observation.state': state, 'task': observation.instruction}
    return policy, before(fed), after


def test_contract(policy, observation):
    assert isinstance(policy, FlowPolicy)
    assert isinstance(policy.encode(observation), Context)
    assert (policy.spec.horizon, policy.spec.model_dim, policy.spec.steps) == (10, 32, 10)
    assert [(c.height, c.width) for c in policy.cameras] == [(SIZE, SIZE)] * 2


def test_equals_lerobots_own_chunk(policy, observation, write):
    """Same noise, LeRobot's own sampler and postprocessor: the same actions in units."""
    own, batch, after = own_batch(write, observation)
    z = noise(policy)
    wanted = after(own.predict_action_chunk(batch, noise=z.clone()))
    with policy.inference():
        context = policy.encode(observation)
        x = sample(lambda x, t: policy.velocity(x, t, context), z, uniform(10))
    ours = policy.from_model(x, observation)
    assert ours.shape == (1, 10, ACTION_DIM)
    np.testing.assert_allclose(ours, wanted.numpy(), atol=1e-5)


def test_prefix_is_shared_and_untouched(policy, observation):
    core = policy._stack.core
    calls = []
    hook = core.state_proj.register_forward_hook(lambda *_: calls.append(1))
    with policy.inference():
        context = policy.encode(observation)
        before = [t.clone() for t in tensors(dict(context.arguments))]
        for x in (noise(policy), noise(policy, 4)):
            chunk = sample(lambda x, t: policy.velocity(x, t, context), x, uniform(10))
            fixed_point(lambda x, t: policy.velocity(x, t, context), chunk, uniform(10))
    hook.remove()
    assert calls == [1]
    for was, now in zip(before, tensors(dict(context.arguments)), strict=True):
        torch.testing.assert_close(now, was, rtol=0, atol=0)
    assert 'denoise_step' not in vars(core)


def test_batch_equals_singles(policy, observation):
    x, t = noise(policy, 5), policy.asarray(np.linspace(0, 1, 5))
    with policy.inference():
        context = policy.encode(observation)
        batched = policy.velocity(x, t, context.expand(5))
        for i in range(5):
            one = policy.velocity(x[i : i + 1], t[i : i + 1], context)
            torch.testing.assert_close(batched[i : i + 1], one, atol=1e-5, rtol=1e-5)


def test_round_trip_of_an_action(policy, observation):
    with policy.inference():
        context = policy.encode(observation)
        field = lambda x, t: policy.velocity(x, t, context)  # noqa: E731
        chunk = sample(field, noise(policy), uniform(10))
        found = fixed_point(field, chunk, uniform(10))
        again = sample(field, found.noise, uniform(10))
    assert found.converged
    torch.testing.assert_close(again, chunk, atol=1e-4, rtol=0)


def test_gradients_flow(policy, observation):
    context = policy.encode(observation)
    x = noise(policy).requires_grad_()
    v = policy.velocity(x, policy.asarray(np.array([0.5])), context)
    slope = torch.autograd.grad(v.square().sum(), x)[0]
    assert slope.abs().max() > 0
    assert all(p.grad is None for p in policy._stack.core.parameters())


@pytest.mark.parametrize('method', METHODS)
def test_steering_methods(policy, observation, method):
    wish = Guidance(direction=np.array([1.0, 0.0, 0.0]), source='test')
    plan = make_steerer(method).plan(policy, observation, wish, np.random.default_rng(0))
    assert plan.chunk.shape == (10, ACTION_DIM)
    assert np.isfinite(plan.chunk).all()


@pytest.mark.parametrize('name', ['model.action_out_proj.weight', 'model.state_proj.bias'])
def test_a_checkpoint_that_lacks_a_tensor_is_refused(write, tmp_path, name):
    """LeRobot itself leaves it random."""
    path = tmp_path / 'policy.yaml'
    shutil.copytree(write().parent / 'checkpoint', tmp_path / 'checkpoint')
    weights = load_file(tmp_path / 'checkpoint' / 'model.safetensors')
    del weights[name]
    save_file(weights, tmp_path / 'checkpoint' / 'model.safetensors')
    data = yaml.safe_load(write().read_text())
    path.write_text(yaml.safe_dump({**data, 'checkpoint': str(tmp_path / 'checkpoint')}))
    with pytest.raises(CheckpointError, match=f'has not loaded .*{name.removeprefix("model.")}'):
        load_policy(path)


def test_bfloat16(write, observation):
    policy = load_policy(write('bfloat16'))
    with policy.inference():
        v = policy.velocity(
            noise(policy), policy.asarray(np.array([0.5])), policy.encode(observation)
        )
    assert v.dtype == torch.float32
    assert torch.isfinite(v).all()
