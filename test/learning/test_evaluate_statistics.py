# SPDX-License-Identifier: Apache-2.0
import pytest
from scipy.stats import binomtest

from frs_ros.learning.statistics import disjoint, wilson95


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
