# SPDX-License-Identifier: Apache-2.0
"""The laboratory's inverse solvers against closed forms and their orders, and in-painting."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from fields import four_modes, linear, mild

from frs_ros.flow.grids import uniform
from frs_ros.flow.inpainting import inpainted
from frs_ros.flow.invert import invert
from frs_ros.flow.mixture import GaussianMixture
from frs_ros.flow.sample import sample, trajectory


def _noise(*shape):
    return np.random.default_rng(3).standard_normal(shape)


def time_only(x, t):
    """Depends on time alone, not linearly."""
    return np.zeros_like(x) + np.cos(3 * t.reshape((-1,) + (1,) * (x.ndim - 1)))


@pytest.mark.parametrize('rate', [-2.0, 0.5, 3.0])
@pytest.mark.parametrize('steps', [1, 4, 10])
def test_linear_field_gives_each_solvers_product(rate, steps):
    h = rate / steps
    factors = {'euler': 1 - h, 'aligned_euler': 1 - h, 'midpoint': 1 - h + h**2 / 2}
    for solver, factor in factors.items():
        found = invert(linear(rate), np.array([[2.0]]), uniform(steps), solver)
        np.testing.assert_allclose(found.noise, [[2 * factor**steps]], rtol=1e-9)


def test_fireflow_of_a_linear_field_by_hand():
    rate, h, x = 1.5, 0.5, 2.0
    p = rate * x  # at t = 1
    for _ in range(2):
        p = rate * (x - h / 2 * p)
        x = x - h * p
    found = invert(linear(rate), np.array([[2.0]]), uniform(2), 'fireflow')
    np.testing.assert_allclose(found.noise, [[x]])


@pytest.mark.parametrize(
    ('solver', 'order'), [('euler', 1), ('aligned_euler', 1), ('midpoint', 2), ('fireflow', 2)]
)
@pytest.mark.parametrize('field', [mild, time_only, four_modes(std=0.8).velocity])
def test_order_against_the_differential_equation(solver, order, field):
    noise = _noise(16, 2)
    action = noise
    for lower in np.linspace(0, 1, 400, endpoint=False):  # Runge-Kutta 4, exact for this purpose
        h, at = 1 / 400, lambda t: np.full(16, t)
        a = field(action, at(lower))
        b = field(action + h / 2 * a, at(lower + h / 2))
        c = field(action + h / 2 * b, at(lower + h / 2))
        d = field(action + h * c, at(lower + h))
        action = action + h / 6 * (a + 2 * b + 2 * c + d)
    steps = np.array([20, 40, 80, 160])
    errors = [
        np.sqrt(np.mean((invert(field, action, uniform(n), solver).noise - noise) ** 2))
        for n in steps
    ]
    slope = np.polyfit(np.log(1 / steps), np.log(errors), 1)[0]
    assert order - 0.25 < slope < order + 0.6


def test_aligned_euler_is_exact_where_only_time_counts():
    action = sample(time_only, _noise(3, 2), uniform(7))
    exact = invert(time_only, action, uniform(7), 'aligned_euler').noise
    np.testing.assert_allclose(exact, _noise(3, 2), atol=1e-12)
    rough = invert(time_only, action, uniform(7), 'euler').noise
    assert np.abs(rough - _noise(3, 2)).max() > 0.05


@pytest.mark.parametrize(
    ('solver', 'nfe'), [('euler', 9), ('aligned_euler', 9), ('midpoint', 18), ('fireflow', 10)]
)
def test_what_solvers_cost(solver, nfe):
    assert invert(mild, _noise(2, 3), uniform(9), solver).nfe == nfe


def test_midpoint_residual_is_the_samplers_defect():
    """The grid has two steps; the upper one's lower end is evaluated for the lower one."""
    x = _noise(4, 3)
    found = invert(mild, x, uniform(2), 'midpoint')
    middle = mild(x - 0.25 * mild(x, np.full(4, 1.0)), np.full(4, 0.75))
    y = x - 0.5 * middle
    defect = np.sqrt(np.mean((y + 0.5 * mild(y, np.full(4, 0.5)) - x) ** 2, -1))
    np.testing.assert_allclose(found.residual, defect)


@pytest.mark.parametrize('iterations', [2, 3, 5])
def test_fixed_point_makes_one_step_more_than_it_checks(iterations):
    """y + h y = x by M evaluations, plain iteration: the error is that of M steps."""
    found = invert(
        linear(0.5), np.array([[1.0]]), [0, 1], 'fixed_point', max_iterations=iterations
    )
    y = 1.0
    for _ in range(iterations):
        y = 1 - 0.5 * y
    assert found.nfe == iterations
    np.testing.assert_allclose(found.noise, [[y]])


@pytest.mark.parametrize('slope', [0.5, 0.9, 1.1, 1.5, 3.0])
def test_more_iterations_are_never_worse_odd_or_even(slope):
    """The plain iteration swings about 1 / (1 + slope), and away from it from slope 1 on."""
    field, x = linear(slope), np.array([[1.0]])
    found = [invert(field, x, [0, 1], 'fixed_point', max_iterations=n) for n in range(1, 13)]
    errors = [abs(inversion.noise.item() - 1 / (1 + slope)) for inversion in found]
    assert all(after <= before + 1e-9 for before, after in pairwise(errors))
    assert errors[-1] < 1e-3


@pytest.mark.parametrize('iterations', [3, 16])
def test_a_point_that_was_tried_and_found_worse_is_not_returned(iterations):
    """The step from 0 to 1 shrinks the residual to 0.04, the next one leads over a cliff."""

    def field(y, t):
        defect = np.where(y <= 1, 1 - 0.96 * y, 0.04 + 15 * (y - 1))
        return -y - defect  # x - v(y) = y + defect at x = 0

    found = invert(
        field,
        np.zeros((1, 1)),
        [0, 1],
        'fixed_point',
        max_iterations=iterations,
        tolerance=1e-3,
    )
    defect = np.abs(found.noise + field(found.noise, None))
    assert defect <= found.residual + 1e-12


def test_what_stands_still_does_not_dilute_the_residual():
    """One dimension of 32 moves: its own residual must be within the tolerance."""
    tolerance, times = 0.01, uniform(4)
    path = [np.zeros((1, 32)) for _ in times]
    moving = np.arange(32) == 0
    field = inpainted(lambda x, t: 0.9 * np.tanh(3 * x), path, times, moving)
    action = np.array([[0.3]])
    found = invert(field, action, times, 'fixed_point', tolerance=tolerance)
    assert found.converged
    back = sample(field, found.noise, times)
    assert np.abs(back - action) < 4 * tolerance


@pytest.mark.parametrize('library', ['numpy', 'torch'])
def test_known_elements_help_to_find_the_others(library):
    """Inverting one half beside the true path of the other is exact; without it, it is not."""
    diagonal = np.array([[1.5, 1.5], [-1.5, -1.5]])  # each element tells about the other
    field = GaussianMixture(diagonal, np.full(2, 0.8), np.ones(2)).velocity
    noise, times = _noise(8, 2), uniform(10)
    start = noise if library == 'numpy' else torch.from_numpy(noise)
    path = trajectory(field, start, times)
    half = inpainted(field, path, times, np.array([True, False]))
    options: dict = {'solver': 'fixed_point', 'tolerance': 1e-9, 'max_iterations': 100}
    found = invert(half, path[-1][:, :1], times, **options).noise
    np.testing.assert_allclose(found, noise[:, :1], atol=1e-6)
    spoilt = path[-1] + 0 * start
    spoilt[:, 1] = 7.0
    astray = invert(field, spoilt, times, **options).noise
    assert np.abs(np.asarray(astray)[:, 0] - noise[:, 0]).max() > 0.1


def test_known_paths_are_straight_between_times():
    seen = []

    def record(x, t):
        seen.append(float(x[1, 0]))
        return x

    path = [np.array([[value, 7.0]]) for value in (0.0, 1.0, 5.0)]
    field = inpainted(record, path, [0, 0.5, 1], np.array([False, True]))
    for t in (0.0, 0.25, 0.5, 0.75, 1.0, np.float32(0.5) + 1e-8):
        part = np.array([[9.0], [8.0]])
        np.testing.assert_array_equal(field(part, np.array([t, t])), part)
    np.testing.assert_allclose(seen, [0, 0.5, 1, 3, 5, 1], atol=1e-7)
