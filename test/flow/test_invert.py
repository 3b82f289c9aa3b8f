# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from fields import four_modes, linear, mild
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.errors import ConfigError
from frs_ros.flow.grids import uniform
from frs_ros.flow.invert import SOLVERS, invert
from frs_ros.flow.sample import sample


def _noise(*shape, dtype=np.float64):
    return np.random.default_rng(3).standard_normal(shape).astype(dtype)


@given(st.integers(1, 20), st.floats(-3, 3))
def test_reverse_euler_of_a_linear_field_is_its_product(steps, rate):
    found = invert(linear(rate), np.array([[2.0]]), uniform(steps))
    np.testing.assert_allclose(found.noise, [[2 * (1 - rate / steps) ** steps]], atol=1e-9)
    assert found.nfe == steps


def test_reverse_euler_takes_the_velocity_at_the_upper_end():
    seen = []

    def record(x, t):
        seen.append(float(t[0]))
        return x

    invert(record, np.zeros((1, 1)), [0, 0.25, 1])
    assert seen == [1.0, 0.25]


@pytest.mark.parametrize('field', [mild, four_modes(std=0.8).velocity])
def test_reverse_euler_round_trip_has_order_one(field):
    noise = _noise(16, 2)
    steps = np.array([40, 80, 160, 320])
    errors = []
    for n in steps:
        back = invert(field, sample(field, noise, uniform(n)), uniform(n)).noise
        errors.append(np.sqrt(np.mean((back - noise) ** 2)))
    slope = np.polyfit(np.log(1 / steps), np.log(errors), 1)[0]
    assert 0.85 < slope < 1.2


def test_reverse_euler_residual_is_the_sampler_defect_it_saw():
    path, times = [], [0, 0.3, 0.55, 1]

    def record(x, t):
        path.append(x)
        return mild(x, t)

    found = invert(record, _noise(4, 3), times)
    defects = [  # steps 1 and 2 of 0..2; the one that ends at the noise stays unseen
        np.sqrt(np.mean((y + h * mild(y, np.full(4, t)) - x) ** 2, -1))
        for x, y, t, h in [(path[0], path[1], 0.55, 0.45), (path[1], path[2], 0.3, 0.25)]
    ]
    np.testing.assert_allclose(found.residual, np.max(defects, 0))
    assert np.isnan(invert(mild, _noise(4, 3), [0, 1]).residual).all()


@pytest.mark.parametrize('xp', ['numpy', 'torch'])
@pytest.mark.parametrize('field', [mild, four_modes(std=0.8).velocity])
def test_fixed_point_undoes_the_ten_step_sampler(field, xp):
    noise = _noise(8, 2) if xp == 'numpy' else torch.from_numpy(_noise(8, 2))
    action = sample(field, noise, uniform(10))
    found = invert(field, action, uniform(10), solver='fixed_point', tolerance=1e-9)
    assert found.converged
    assert found.residual.max() <= 1e-9
    assert abs(found.noise - noise).max() < 1e-6
    assert abs(sample(field, found.noise, uniform(10)) - action).max() < 1e-6


@given(st.floats(-0.9, 4.0))
def test_fixed_point_damps_what_the_plain_iteration_cannot_solve(h_rate):
    """With one step, y + h_rate y = x: the plain iteration diverges for h_rate > 1."""
    found = invert(
        linear(h_rate), np.array([[1.5, -1.0]]), [0, 1], 'fixed_point', max_iterations=200
    )
    assert found.converged
    np.testing.assert_allclose(found.noise * (1 + h_rate), [[1.5, -1.0]], atol=1e-5)


@pytest.mark.parametrize('h_rate', [-1.0, -1.5, -3.0])
def test_fixed_point_says_when_it_diverges(h_rate):
    """For h_rate <= -1 the sampler folds space over and no damping helps."""
    found = invert(linear(h_rate), np.array([[1.5, -1.0]]), [0, 1], 'fixed_point')
    assert not found.converged
    assert np.isfinite(found.noise).all()
    assert found.residual[0] > 1e-3
    # The best iterate is kept: it is no worse than not trying.
    assert found.residual[0] <= np.sqrt(np.mean([1.5**2, 1.0])) * abs(h_rate) + 1e-12


def test_fixed_point_divergence_on_the_whole_grid():
    found = invert(linear(-30.0), _noise(3, 2), uniform(10), 'fixed_point')
    assert not found.converged
    assert np.isfinite(found.noise).all()


@pytest.mark.parametrize('solver', SOLVERS)
@pytest.mark.parametrize('bad', [np.nan, np.inf])
@pytest.mark.filterwarnings('ignore:invalid value')
def test_a_broken_field_is_reported(solver, bad):
    found = invert(lambda x, t: np.full_like(x, bad), _noise(2, 3), uniform(3), solver)
    assert not found.converged


def test_fixed_point_survives_a_field_that_is_finite_only_near_the_solution():
    def fragile(x, t):
        return np.where(np.abs(x) < 2.1, 3 * x, np.nan)

    found = invert(fragile, np.array([[2.0]]), [0, 1], 'fixed_point', max_iterations=100)
    assert found.converged
    np.testing.assert_allclose(found.noise, [[0.5]], atol=1e-5)


@pytest.mark.parametrize('solver', SOLVERS)
def test_samples_do_not_depend_on_their_batch(solver):
    field = four_modes(std=0.5).velocity
    action = np.concatenate([sample(field, _noise(3, 2), uniform(10)), [[0.1, 4.0], [9.0, -9.0]]])
    together = invert(field, action, uniform(10), solver)
    for i in range(len(action)):
        alone = invert(field, action[i : i + 1], uniform(10), solver)
        np.testing.assert_allclose(alone.noise[0], together.noise[i], rtol=1e-12)
        np.testing.assert_allclose(alone.residual[0], together.residual[i], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize('solver', SOLVERS)
def test_float32_and_torch_agree_with_float64(solver):
    action = sample(mild, _noise(6, 4, 3), uniform(10))
    exact = invert(mild, action, uniform(10), solver)
    single = invert(mild, action.astype(np.float32), uniform(10), solver)
    tensor = invert(mild, torch.from_numpy(action), uniform(10), solver)
    assert single.noise.dtype == np.float32
    assert single.residual.dtype == np.float32
    assert single.converged
    np.testing.assert_allclose(single.noise, exact.noise, atol=2e-5)
    np.testing.assert_allclose(tensor.noise.numpy(), exact.noise, rtol=1e-12)
    assert tensor.nfe == exact.nfe


@pytest.mark.parametrize('solver', SOLVERS)
def test_evaluations_are_counted_and_inputs_kept(solver):
    calls = []

    def count(x, t):
        calls.append(1)
        return mild(x, t)

    action = _noise(2, 3)
    kept = action.copy()
    assert invert(count, action, uniform(7), solver).nfe == len(calls)
    np.testing.assert_array_equal(action, kept)


def test_bad_arguments_are_named():
    with pytest.raises(ConfigError, match='aligned_euler, euler, fireflow, fixed_point, midpoint'):
        invert(mild, _noise(1, 2), uniform(2), 'newton')
    with pytest.raises(ValueError, match='max_iterations'):
        invert(mild, _noise(1, 2), uniform(2), 'fixed_point', max_iterations=0)
    with pytest.raises(ValueError, match='tolerance'):
        invert(mild, _noise(1, 2), uniform(2), 'fixed_point', tolerance=0.0)
