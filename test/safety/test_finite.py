# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from cases import CASES

from frs_ros.safety.finite import finite_vector, usable_time
from frs_ros.safety.rejected import Rejected

BAD = (np.nan, np.inf, -np.inf)


def test_there_are_enough_cases():
    assert sum(CASES.values()) >= 100_000


def test_all_finite_vectors_pass_and_no_other(rng):
    for _ in range(CASES['finite']):
        size = int(rng.choice([7, 7, 7, 6, 8, 0]))
        values = rng.normal(size=size) * 10.0 ** rng.integers(-300, 300)
        bad = size > 0 and rng.random() < 0.5
        if bad:
            values[rng.integers(size)] = BAD[rng.integers(3)]
        if size == 7 and not bad:
            np.testing.assert_array_equal(finite_vector('x', values, 7), values)
        else:
            with pytest.raises(Rejected):
                finite_vector('x', values, 7)


@pytest.mark.parametrize(
    ('values', 'line'),
    [
        ([0, 0, np.nan], r'target\[2\] is nan'),
        ([0, -np.inf, np.nan], r'target\[1\] is -inf'),
        ([0, 0], r'target has shape \[2\], not \[3\]'),
        ([[0, 0, 0]], r'shape \[1, 3\]'),
        ([], r'shape \[0\]'),
        (0.0, r'shape \[\]'),
        (None, r'shape \[\]|not made of numbers'),
        (['a', 'b', 'c'], 'not made of numbers'),
        ([[1], [2, 3], []], 'not made of numbers'),
        ([1, 2, 10**400], 'not made of numbers'),
        (object(), 'not made of numbers'),
    ],
)
def test_the_line_says_what_is_wrong(values, line):
    with pytest.raises(Rejected, match=line) as caught:
        finite_vector('target', values, 3)
    assert caught.value.reason == str(caught.value)


def test_the_vector_is_a_copy():
    values = np.zeros(3)
    vector = finite_vector('x', values, 3)
    values[0] = np.nan
    assert vector[0] == 0


def test_time_is_never_negative_nor_long(rng):
    for _ in range(CASES['time']):
        dt = float(rng.choice([rng.normal(), rng.normal() * 1e300, *BAD, 0.0, -0.0, 1e-320]))
        used = usable_time(dt, 0.1)
        assert 0 <= used <= 0.1
        if 0 <= dt <= 0.1:
            assert used == dt


@pytest.mark.parametrize('dt', [None, 'soon', np.nan, -1.0, [1.0, 2.0]])
def test_no_time_has_passed_when_nobody_knows(dt):
    assert usable_time(dt, 0.1) == 0
