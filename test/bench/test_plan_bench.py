# SPDX-License-Identifier: Apache-2.0
import itertools

import pytest

from frs_ros.learning.bench.plan import counts, measure, summary
from frs_ros.policies.mini import random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy


@pytest.mark.parametrize('make', [random_policy, RandomDroidPolicy])
def test_frs_costs_twice_the_evaluations_and_one_prefix(make):
    if make is RandomDroidPolicy:
        pytest.importorskip('pinocchio')
    policy = make()
    steps = policy.spec.steps
    assert counts(policy, 'base', 0) == {'encodes': 1, 'velocity_evaluations': steps}
    assert counts(policy, 'frs', 0) == {'encodes': 1, 'velocity_evaluations': 2 * steps}


def test_measurements_are_interleaved_after_a_warm_up():
    calls = []
    ticks = itertools.count()
    tasks = {name: lambda name=name: calls.append(name) for name in 'ab'}
    times = measure(tasks, 2, clock=lambda: next(ticks) / 1000)
    assert calls == ['a', 'b'] * 3
    assert {name: [round(ms, 6) for ms in values] for name, values in times.items()} == {
        'a': [1.0, 1.0],
        'b': [1.0, 1.0],
    }


def test_ratio_is_that_of_the_rounds():
    frs = [2.2, 20.0, 2.2]
    times = {'base': [1.0, 10.0, 1.0], 'frs': frs, 'sample_and_rank': [4.0, 90.0, 3.0]}
    results = summary(times, random_policy(), 0)
    assert results['frs_over_base'] == 2.2
    assert results['within_limit'] is False
    assert results['rank_over_base'] == 4.0
    assert results['rank_within_limit'] is True
