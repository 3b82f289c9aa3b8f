# SPDX-License-Identifier: Apache-2.0
import itertools
from types import SimpleNamespace

import pytest
import torch

from frs_ros.benchmarks.plan import counts, hardware, measure, summary
from frs_ros.commands.bench_plan import table
from frs_ros.policies.mini import random_policy
from frs_ros.policies.random_droid import RandomDroidPolicy

RESULTS = {
    'ms_p50': {},
    'plans': {},
    'frs_over_base': 1.5,
    'within_limit': True,
    'limit': 2.0,
    'rank_over_base': 1.5,
    'rank_within_limit': True,
    'rank_limit': 4.0,
}


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


def test_memory_taken_before_is_not_counted(monkeypatch):
    """Loading takes more than planning; of three GPUs two are in use."""
    forgotten = []
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: True)
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: None)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 3)
    monkeypatch.setattr(torch.cuda, 'memory_reserved', [1 << 21, 0, 1 << 30].__getitem__)
    monkeypatch.setattr(torch.cuda, 'reset_peak_memory_stats', forgotten.append)
    monkeypatch.setattr(torch.cuda, 'synchronize', lambda _: None)
    measure({'a': lambda: forgotten.append('planned')}, 1)
    assert forgotten == [0, 2, 'planned', 'planned']


def test_a_gpu_is_named_with_the_memory_taken_there(monkeypatch):
    """None is needed: the tensor only says where it is."""
    policy = random_policy()
    place = torch.device('cuda', 1)
    monkeypatch.setattr(policy, 'asarray', lambda x: SimpleNamespace(device=place))
    monkeypatch.setattr(torch, 'as_tensor', lambda x: x)
    monkeypatch.setattr(torch.cuda, 'get_device_name', {place: 'a card'}.__getitem__)
    monkeypatch.setattr(torch.cuda, 'max_memory_reserved', {place: 7_123_456_789}.__getitem__)
    said = hardware(policy)
    assert (said['device'], said['peak_memory_gb']) == ('a card', 7.12)
    assert table({**RESULTS, 'hardware': said}).splitlines()[-1] == 'on a card, 7.12 GB at most'


def test_ratio_is_that_of_the_rounds():
    frs = [2.2, 20.0, 2.2]
    times = {'base': [1.0, 10.0, 1.0], 'frs': frs, 'sample_and_rank': [4.0, 90.0, 3.0]}
    results = summary(times, random_policy(), 0)
    assert results['frs_over_base'] == 2.2
    assert results['within_limit'] is False
    assert results['rank_over_base'] == 4.0
    assert results['rank_within_limit'] is True
