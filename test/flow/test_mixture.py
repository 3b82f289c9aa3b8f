# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from fields import four_modes

from frs_ros.flow.grids import uniform
from frs_ros.flow.mixture import GaussianMixture
from frs_ros.flow.sample import sample


def _uneven(event=(2,)):
    means = np.random.default_rng(5).standard_normal((3, *event)) * 2
    return GaussianMixture(means, np.array([0.3, 0.6, 1.0]), np.array([1.0, 2.0, 1.0]))


@pytest.mark.parametrize('t', [0.0, 0.3, 0.7, 1.0])
def test_one_component_is_transported_affinely(t):
    """For a single Gaussian, a_t = t mean + s_t a0, so v = mean + (ds_t/dt / s_t) (x - t mean)."""
    mean, std = np.array([[1.0, -2.0]]), 0.4
    one = GaussianMixture(mean, np.array([std]), np.ones(1))
    x = np.random.default_rng(0).standard_normal((4, 2))

    def spread(time):
        return np.sqrt(time**2 * std**2 + (1 - time) ** 2)

    growth = (spread(t + 1e-6) - spread(t - 1e-6)) / 2e-6 / spread(t)
    expected = mean + growth * (x - t * mean)
    np.testing.assert_allclose(one.velocity(x, np.full(4, t)), expected, atol=1e-6)


@pytest.mark.parametrize('t', [0.2, 0.6, 0.9])
def test_velocity_is_the_conditional_mean_of_the_differences(t):
    """Averages a1 - a0 over draws whose a_t falls near x."""
    mixture, rng = _uneven(event=(1,)), np.random.default_rng(1)
    action = mixture.sample(400_000, rng)[:, 0]
    noise = rng.standard_normal(action.shape)
    between, difference = t * action + (1 - t) * noise, action - noise
    for x in np.quantile(between, [0.2, 0.5, 0.8]):
        near = difference[np.abs(between - x) < 0.02]
        standard_error = near.std() / np.sqrt(len(near))
        v = mixture.velocity(np.array([[x]]), np.array([t]))[0, 0]
        assert abs(v - near.mean()) < 5 * standard_error + 0.02


def test_responsibilities_follow_bayes():
    mixture = _uneven()
    x = np.random.default_rng(2).standard_normal((5, 2))
    t = 0.6
    variance = t**2 * mixture.stds**2 + (1 - t) ** 2
    distance2 = ((x[:, None] - t * mixture.means) ** 2).sum(-1)
    joint = mixture.weights * np.exp(-distance2 / 2 / variance) / variance
    np.testing.assert_allclose(
        mixture.responsibilities(x, np.full(5, t)), joint / joint.sum(1, keepdims=True)
    )


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('t', [0.0, 1.0])
def test_finite_at_both_ends_and_far_away(t, dtype):
    mixture = four_modes(std=0.01)
    x = np.array([[0.0, 0.0], [1e3, 1e3], [2.1, 2.1]], dtype=dtype)
    v = mixture.velocity(x, np.full(3, t, dtype=dtype))
    assert np.isfinite(v).all()
    assert v.dtype == dtype
    share = mixture.responsibilities(x, np.full(3, t, dtype=dtype))
    np.testing.assert_allclose(share.sum(1), 1, rtol=1e-5)


def test_transports_noise_to_the_mixture():
    mixture, rng = _uneven(event=(1,)), np.random.default_rng(4)
    noise = rng.standard_normal((20_000, 1))
    arrived = sample(mixture.velocity, noise, uniform(200))
    drawn = mixture.sample(20_000, rng)
    for moment in (1, 2, 3):
        np.testing.assert_allclose(
            (arrived**moment).mean(), (drawn**moment).mean(), rtol=0.05, atol=0.05
        )


def test_any_event_shape_equals_its_flat_form_and_torch():
    mixture = _uneven(event=(4, 3))
    flat = GaussianMixture(mixture.means.reshape(3, 12), mixture.stds, mixture.weights)
    x, t = np.random.default_rng(6).standard_normal((5, 4, 3)), np.linspace(0, 1, 5)
    v = mixture.velocity(x, t)
    assert v.shape == x.shape
    np.testing.assert_array_equal(flat.velocity(x.reshape(5, 12), t).reshape(x.shape), v)
    tensor = mixture.velocity(torch.from_numpy(x), torch.from_numpy(t))
    np.testing.assert_allclose(tensor.numpy(), v, rtol=1e-10)


def test_sample_moments_and_repeatability():
    mixture = _uneven()
    drawn = mixture.sample(50_000, np.random.default_rng(0))
    expected = (mixture.weights[:, None] * mixture.means).sum(0) / mixture.weights.sum()
    np.testing.assert_allclose(drawn.mean(0), expected, atol=0.05)
    np.testing.assert_array_equal(drawn, mixture.sample(50_000, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ('stds', 'weights'), [([1.0], [1.0, 1.0]), ([0.0, 1.0], [1, 1]), ([1.0, 1.0], [1, 0])]
)
def test_bad_mixtures_are_refused(stds, weights):
    with pytest.raises(ValueError, match='GaussianMixture'):
        GaussianMixture(np.zeros((2, 3)), np.array(stds), np.array(weights))
