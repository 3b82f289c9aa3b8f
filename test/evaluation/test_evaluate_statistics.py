# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.stats import binomtest

from frs_ros.evaluation.statistics import (
    disjoint,
    paired_difference95,
    sign_test,
    wilson95,
)


@pytest.mark.parametrize(('successes', 'trials'), [(0, 10), (5, 30), (25, 30), (30, 30), (1, 1)])
def test_wilson_interval_agrees_with_scipy(successes, trials):
    expected = binomtest(successes, trials).proportion_ci(0.95, method='wilson')
    assert wilson95(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_without_trials_nothing_is_known():
    assert wilson95(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(('successes', 'trials'), [(3, 2), (-1, 2)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match='successes'):
        wilson95(successes, trials)


def test_disjoint_is_symmetric_and_needs_a_gap():
    assert disjoint(wilson95(5, 30), wilson95(25, 30))
    assert disjoint(wilson95(25, 30), wilson95(5, 30))
    assert not disjoint(wilson95(14, 30), wilson95(16, 30))
    assert not disjoint((0.1, 0.4), (0.4, 0.6))


@pytest.mark.parametrize(('wins', 'losses'), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (40, 9)])
def test_sign_test_agrees_with_scipy(wins, losses):
    pairs = wins + losses
    expected = binomtest(wins, pairs, 0.5).pvalue if pairs else 1.0
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_sign_test_of_one_sided_results_is_a_power_of_two():
    assert sign_test(10, 0) == sign_test(0, 10) == 2 / 2**10


def test_paired_interval_by_hand():
    """11/32 - 3/32 = 1/4, variance (14/32 - 1/16) / 32."""
    half = 1.959964 * np.sqrt(0.375 / 32)
    assert paired_difference95(10, 2, 30) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-6)


def test_paired_interval_is_antisymmetric_and_stays_in_range():
    low, high = paired_difference95(7, 2, 20)
    assert paired_difference95(2, 7, 20) == pytest.approx((-high, -low))
    assert paired_difference95(0, 0, 0) == (-1.0, 1.0)
    assert paired_difference95(20, 0, 20)[1] == 1.0
    low, high = paired_difference95(0, 0, 20)
    assert low == -high < 0, 'not empty where no pair differs'


@pytest.mark.parametrize('p', [(0.05, 0.0), (0.3, 0.1), (0.2, 0.2), (0.6, 0.02)])
def test_paired_interval_covers_the_truth_as_often_as_it_says(p):
    n = 30
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [*p, 1 - sum(p)], size=4000)
    inside = [
        low <= p[0] - p[1] <= high
        for low, high in (paired_difference95(int(w), int(v), n) for w, v, _ in draws)
    ]
    assert np.mean(inside) > 0.93


@pytest.mark.parametrize(('wins', 'losses', 'pairs'), [(3, 2, 4), (-1, 0, 3), (0, -1, 3)])
def test_impossible_pairs_are_refused(wins, losses, pairs):
    with pytest.raises(ValueError, match='wins'):
        paired_difference95(wins, losses, pairs)


def test_impossible_sign_test_is_refused():
    with pytest.raises(ValueError, match='wins'):
        sign_test(-1, 2)
