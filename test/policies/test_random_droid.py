# SPDX-License-Identifier: Apache-2.0
"""The random policy of pi0.5-DROID's shape: what a cell relies on."""

from dataclasses import replace

import numpy as np
import pytest

from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.description import interface_of
from frs_ros.policies.random_droid import NORMALISATION
from frs_ros.policies.random_field import cosines
from frs_ros.types import JOINT_DELTA, Observation


@pytest.fixture(scope='module')
def policy():
    return load_policy('random_droid')


def observation(joints=NORMALISATION.proprio_mean[:7], grey=90):
    images = {
        name: np.full((224, 224, 3), grey, np.uint8)
        for name in ('exterior_image_1_left', 'wrist_image_left')
    }
    return Observation(images, np.append(np.asarray(joints, float), 0.0))


def chunks(policy, seen, n=64, seed=0):
    shape = (n, policy.spec.horizon, policy.spec.model_dim)
    noise = policy.asarray(np.random.default_rng(seed).standard_normal(shape))
    with policy.inference():
        context = policy.encode(seen).expand(n)
        x = sample(lambda x, t: policy.velocity(x, t, context), noise, uniform(10))
        return policy.from_model(x, seen)


def test_has_the_shape_of_pi05_droid(policy):
    spec = policy.spec
    assert (spec.horizon, spec.action_dim, spec.model_dim, spec.steps) == (15, 8, 32, 10)
    assert (spec.control_hz, spec.execute_steps, spec.space) == (15.0, 8, JOINT_DELTA)
    said = interface_of('random_droid')
    assert (said.space, said.control_hz) == (spec.space, spec.control_hz)
    assert said.cameras == tuple(camera.name for camera in policy.cameras)


def test_is_the_same_every_time(policy):
    again = load_policy('random_droid')
    np.testing.assert_array_equal(
        chunks(again, observation(), 2), chunks(policy, observation(), 2)
    )


def test_motion_is_moderate_and_smooth(policy):
    joints = chunks(policy, observation())[..., :7]
    assert 0.05 < np.abs(joints).mean() < 0.5
    assert (np.abs(joints) > 1).mean() < 0.02
    steps = np.abs(np.diff(joints, axis=1)).mean()
    assert steps < 0.5 * np.abs(joints).mean()


def test_leans_back_to_the_reset_joints(policy):
    home = NORMALISATION.proprio_mean[:7]
    for joint in range(7):
        away = np.zeros(7)
        away[joint] = 1.0
        ahead, behind = (
            chunks(policy, observation(home + s * away))[..., joint].mean() for s in (1, -1)
        )
        assert ahead < behind


def test_gripper_rarely_closes(policy):
    assert (chunks(policy, observation(), 200)[..., 7] > 0.5).mean() < 0.1


def test_what_is_seen_matters(policy):
    dark, bright = (chunks(policy, observation(grey=g), 4) for g in (20, 230))
    assert np.abs(dark - bright).max() > 0.05


def test_state_beyond_the_usual_is_no_trouble(policy):
    far = replace(observation(), state=np.array([50.0] * 8))
    assert np.abs(chunks(policy, far)[..., :7]).max() < 2


def test_cosines_are_orthonormal():
    waves = cosines(15)
    np.testing.assert_allclose(waves @ waves.T, np.eye(15), atol=1e-12)
    np.testing.assert_allclose(waves[0], waves[0, 0])
