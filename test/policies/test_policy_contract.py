# SPDX-License-Identifier: Apache-2.0
"""What every `FlowPolicy` promises; add implementations to `POLICIES`."""

from dataclasses import FrozenInstanceError, fields, replace
from functools import partial

import numpy as np
import pytest
import torch
from fake_vla import CORES, fake_policy, tiny_pi05

from frs_ros.errors import ConfigError
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.policies.mini import random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.types import Observation

POLICIES = {
    'mini': random_policy,
    'random_droid': RandomDroidPolicy,
    'vla_random': tiny_pi05,
    **{f'vla_{kind}': partial(fake_policy, kind) for kind in CORES},
}
STATE = np.array([0.1, -0.2, 1.0, 3.0, 0.3, -0.1, 0.04, -0.04])


@pytest.fixture(params=POLICIES, scope='module')
def policy(request):
    return POLICIES[request.param]()


@pytest.fixture
def observation(policy):
    rng = np.random.default_rng(0)
    images = {
        c.name: rng.integers(0, 256, (c.height, c.width, 3), dtype=np.uint8)
        for c in policy.cameras
    }
    return Observation(images, STATE)


def noise(policy, n, seed=0):
    shape = (n, policy.spec.horizon, policy.spec.model_dim)
    return policy.asarray(np.random.default_rng(seed).standard_normal(shape))


def times(policy, *values):
    return policy.asarray(np.array(values))


def test_is_a_flow_policy(policy, observation):
    assert isinstance(policy, FlowPolicy)
    assert isinstance(policy.encode(observation), Context)
    assert policy.spec.model_dim >= policy.spec.action_dim
    assert policy.cameras


def test_context_is_immutable(policy, observation):
    context = policy.encode(observation)
    with pytest.raises(FrozenInstanceError):
        setattr(context, fields(context)[0].name, None)
    x, t = noise(policy, 1), times(policy, 0.3)
    before = np.asarray(policy.velocity(x, t, context))
    for image in observation.images.values():
        image[:] = 0
    observation.state[:] = 0
    np.testing.assert_array_equal(policy.velocity(x, t, context), before)


def test_batch_equals_singles(policy, observation):
    context, x = policy.encode(observation), noise(policy, 5)
    t = times(policy, 0.0, 0.25, 0.5, 0.75, 1.0)
    with policy.inference():
        batched = policy.velocity(x, t, context.expand(5))
        for i in range(5):
            single = policy.velocity(x[i : i + 1], t[i : i + 1], context)
            np.testing.assert_allclose(batched[i : i + 1], single, atol=1e-5)


def test_velocity_is_deterministic_and_depends_on_everything(policy, observation):
    def velocity(observation, x, t):
        with policy.inference():
            return np.asarray(policy.velocity(x, t, policy.encode(observation)))

    x, t = noise(policy, 1), times(policy, 0.5)
    reference = velocity(observation, x, t)
    assert reference.shape == tuple(x.shape)
    np.testing.assert_array_equal(velocity(observation, x, t), reference)
    changes = [velocity(observation, noise(policy, 1, 1), t)]
    changes += [velocity(observation, x, times(policy, 0.1))]
    changes += [velocity(replace(observation, state=STATE + 0.1), x, t)]
    for camera in observation.images:
        images = {**observation.images, camera: 255 - observation.images[camera]}
        changes += [velocity(replace(observation, images=images), x, t)]
    for changed in changes:
        assert np.abs(changed - reference).max() > 1e-4


def test_velocity_is_differentiable(policy, observation):
    with policy.inference():
        context = policy.encode(observation)
    x, t = noise(policy, 1).requires_grad_(), times(policy, 0.5)
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    slope = torch.autograd.grad((policy.velocity(x, t, context) * direction).sum(), x)[0]
    step = 1e-2
    with torch.no_grad():
        ahead, behind = (
            (policy.velocity(x + s * slope / slope.norm(), t, context) * direction).sum()
            for s in (step, -step)
        )
    assert (ahead - behind) / (2 * step) == pytest.approx(float(slope.norm()), rel=1e-2)


def test_inference_records_no_gradients(policy, observation):
    with policy.inference():
        context = policy.encode(observation)
        x = noise(policy, 1).requires_grad_()
        assert not policy.velocity(x, times(policy, 0.5), context).requires_grad


def test_units_round_trip(policy, observation):
    spec = policy.spec
    chunk = np.random.default_rng(1).uniform(-2, 2, (3, spec.horizon, spec.action_dim))
    model = policy.to_model(chunk, observation)
    assert tuple(model.shape) == (3, spec.horizon, spec.model_dim)
    restored = policy.from_model(model, observation)
    assert restored.dtype == np.float64
    np.testing.assert_allclose(restored, chunk, atol=1e-5)


def test_other_image_sizes_are_resampled(policy, observation):
    smooth = np.add.outer(np.arange(256), np.arange(256))[..., None] // 3 * np.ones(3, int)
    large = {c.name: np.clip(smooth, 0, 255).astype(np.uint8) for c in policy.cameras}
    x, t = noise(policy, 1), times(policy, 0.5)
    with policy.inference():
        velocity = policy.velocity(x, t, policy.encode(replace(observation, images=large)))
    assert np.isfinite(np.asarray(velocity)).all()


@pytest.mark.parametrize('shape', [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_misshapen_image_is_named(policy, observation, shape):
    name = policy.cameras[-1].name
    images = {**observation.images, name: np.zeros(shape, np.uint8)}
    with pytest.raises(ConfigError, match=name):
        policy.encode(replace(observation, images=images))


def test_missing_image_is_named(policy, observation):
    name = policy.cameras[0].name
    images = {k: v for k, v in observation.images.items() if k != name}
    with pytest.raises(ConfigError, match=name):
        policy.encode(replace(observation, images=images))


@pytest.mark.parametrize('state', [np.zeros(7), np.zeros((1, 8)), np.full(8, np.nan)])
def test_bad_state_is_refused(policy, observation, state):
    with pytest.raises(ConfigError, match='state'):
        policy.encode(replace(observation, state=state))
