# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from fields import linear, mild
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.flow.grids import onward, uniform
from frs_ros.flow.sample import sample


def test_uniform_grid():
    np.testing.assert_allclose(uniform(4), [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize(
    ('times', 'why'),
    [
        ([0, 0.5, 0.5, 1], 'increase'),
        ([0, 0.7, 0.3, 1], 'increase'),
        ([1, 0.5, 0], 'increase'),
        ([-0.1, 0.5], 'from 0'),
        ([0.5, 1.1], 'from 0'),
        ([0, float('nan'), 1], 'increase'),
        ([0], 'flat array'),
        ([[0, 1]], 'flat array'),
    ],
)
def test_bad_grids_are_named(times, why):
    with pytest.raises(ValueError, match=why):
        sample(linear(1.0), np.ones((1, 2)), times)


def test_the_rest_of_a_grid_begins_at_its_start():
    np.testing.assert_allclose(onward(uniform(4), 0.6), [0.6, 0.75, 1])
    for n in range(10):  # whatever the rounding of n / 10
        np.testing.assert_allclose(onward(uniform(10), n / 10), uniform(10)[n:], rtol=1e-12)


def test_sampling_may_stop_and_go_on_without_a_trace():
    times, noise = uniform(10), np.random.default_rng(2).standard_normal((4, 3))
    for n in range(1, 10):
        half = sample(mild, noise, times[: n + 1])
        whole = sample(mild, half, times[n:])
        np.testing.assert_array_equal(whole, sample(mild, noise, times))


def test_a_grid_has_steps():
    with pytest.raises(ValueError, match='at least 1'):
        uniform(0)


@given(st.integers(1, 30), st.floats(-5, 5))
def test_constant_field_moves_by_the_constant(steps, c):
    noise = np.array([[[1.0, -2.0]], [[0.5, 0.0]]])
    moved = sample(lambda x, t: np.full_like(x, c), noise, uniform(steps))
    np.testing.assert_allclose(moved, noise + c, atol=1e-12)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=12), st.floats(-3, 3))
def test_linear_field_gives_the_euler_product(lengths, rate):
    times = np.concatenate([[0], np.cumsum(lengths)])
    times = times / times[-1]
    times[-1] = 1.0
    product = np.prod(1 + np.diff(times) * rate)
    end = sample(linear(rate), np.array([[1.0, -3.0]]), times)
    np.testing.assert_allclose(end, [[product, -3 * product]], atol=1e-9)


def test_matrix_field_gives_the_matrix_power():
    a = np.array([[0.0, 1.0], [-1.0, 0.2]])
    start = np.random.default_rng(0).standard_normal((5, 2))
    power = np.linalg.matrix_power(np.eye(2) + a / 10, 10)
    np.testing.assert_allclose(
        sample(lambda x, t: x @ a.T, start, uniform(10)), start @ power.T, atol=1e-12
    )


def test_times_are_the_lower_ends_and_batched():
    seen = []

    def record(x, t):
        seen.append(t.copy())
        return x

    sample(record, np.zeros((3, 4)), [0, 0.25, 1])
    np.testing.assert_array_equal(seen, [[0, 0, 0], [0.25, 0.25, 0.25]])


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_dtype_library_and_input_are_kept(dtype):
    noise = np.random.default_rng(1).standard_normal((3, 4, 2)).astype(dtype)
    kept = noise.copy()
    out = sample(mild, noise, uniform(10))
    out_torch = sample(mild, torch.from_numpy(noise), uniform(10))
    assert out.dtype == dtype
    assert out_torch.dtype == torch.from_numpy(noise).dtype
    np.testing.assert_array_equal(noise, kept)
    np.testing.assert_allclose(out, out_torch.numpy(), rtol=1e-5 if dtype == np.float32 else 1e-12)


def test_differentiable_in_torch():
    noise = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    rate = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    sample(lambda x, t: rate * x, noise, uniform(10)).sum().backward()
    np.testing.assert_allclose(noise.grad, np.full((1, 2), 1.07**10))
    np.testing.assert_allclose(rate.grad, 3 * 1.07**9)
