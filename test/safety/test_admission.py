# SPDX-License-Identifier: Apache-2.0
"""Which chunks are taken."""

from dataclasses import replace

import numpy as np
import pytest
from cases import CASES

from frs_ros.errors import ConfigError
from frs_ros.messages.plan import ActionChunk
from frs_ros.safety.admission import AdmissionRules, admit
from frs_ros.safety.rejected import Rejected

RULES = AdmissionRules('joint_delta', 8, 15.0, 'e1', last_request_id=3, grace=0.2)
CHUNK = ActionChunk(
    request_id=4,
    episode_id='e1',
    actions=np.zeros((15, 8)),
    noise=np.full((15, 32), np.nan, dtype=np.float32),
    execute_steps=8,
    method='frs',
    stamp_ns=10_000_000_000,
    space='joint_delta',
    control_hz=15.0,
)
NOW = CHUNK.stamp_ns + 300_000_000


def spoiled(number, shape=(15, 8)):
    actions = np.zeros(shape)
    actions[2, 5] = number
    return actions


# What is wrong -> the line says so. Noise is not executed: what it holds is of no interest here.
WRONG = [
    ({'actions': spoiled(np.nan)}, 'action 2 has nan at position 5'),
    ({'actions': spoiled(np.inf)}, 'action 2 has inf at position 5'),
    ({'actions': np.zeros((0, 8))}, 'is empty'),
    ({'actions': np.zeros((15, 7))}, r'shape \[15, 7\], not \[H, 8\]'),
    ({'actions': np.zeros(8)}, r'shape \[8\], not \[H, 8\]'),
    ({'actions': np.zeros((1, 15, 8))}, r'shape \[1, 15, 8\]'),
    ({'actions': np.zeros((15, 8), dtype=np.float32)}, 'float32, not float64'),
    ({'actions': np.zeros((15, 8), dtype=complex)}, 'complex128, not float64'),
    ({'actions': [[0.0] * 8]}, 'list, not float64'),
    ({'actions': None}, 'NoneType, not float64'),
    ({'actions': np.zeros((61, 8))}, r'lasts 4\.07 s, more than 4 s \(parameter chunk_span\)'),
    ({'execute_steps': 0}, r'execute_steps is 0, not within 1 \.\. 15'),
    ({'execute_steps': 16}, r'execute_steps is 16, not within 1 \.\. 15'),
    ({'space': 'cartesian_delta'}, "'cartesian_delta'; this controller executes 'joint_delta'"),
    ({'control_hz': 20.0}, 'is for 20 Hz; this controller runs at 15 Hz'),
    ({'control_hz': np.nan}, 'is for nan Hz'),
    ({'episode_id': 'e0'}, "is of episode 'e0', not of 'e1'"),
    ({'request_id': 3}, 'comes after chunk 3'),
    ({'stamp_ns': NOW - 1_300_000_000}, r'is stale: its observation is 1\.30 s old'),
    ({'stamp_ns': 0}, 'is stale'),
    ({'stamp_ns': NOW + 100_000_000}, 'is from the future'),
]


def test_a_good_chunk_is_taken():
    admit(CHUNK, NOW, RULES)
    admit(replace(CHUNK, request_id=0), NOW, replace(RULES, last_request_id=None))
    short = replace(CHUNK, actions=np.full((3, 8), 1e300), execute_steps=3)
    admit(short, NOW, RULES)
    longest = replace(CHUNK, actions=np.zeros((60, 8)), execute_steps=30)
    admit(longest, NOW, RULES)


@pytest.mark.parametrize(('change', 'line'), WRONG)
def test_a_bad_one_is_refused_with_a_line(change, line):
    with pytest.raises(Rejected, match=line) as caught:
        admit(replace(CHUNK, **change), NOW, RULES)
    assert caught.value.reason.startswith('chunk ')
    assert '\n' not in caught.value.reason


def test_one_that_would_be_executed_for_too_long_is_refused():
    long = replace(CHUNK, actions=np.zeros((60, 8)), execute_steps=31)
    with pytest.raises(
        Rejected, match=r'for 2\.07 s without a new one, more than 2 s \(parameter'
    ):
        admit(long, NOW, RULES)


def test_without_an_episode_nothing_is_taken():
    with pytest.raises(Rejected, match='no episode is running'):
        admit(replace(CHUNK, episode_id=''), NOW, replace(RULES, episode_id=''))


def test_exactly_the_chunks_without_a_fault_are_taken(rng):
    taken = 0
    for _ in range(CASES['admission']):
        horizon = int(rng.integers(1, 16))
        good = {
            'actions': rng.normal(size=(horizon, 8)) * 10.0 ** rng.integers(-3, 4),
            'execute_steps': int(rng.integers(1, horizon + 1)),
            'stamp_ns': NOW - int(rng.uniform(-0.05, horizon / 15 + 0.2) * 1e9),
            'request_id': int(rng.integers(4, 2**32)),
        }
        faults = [WRONG[i][0] for i in rng.integers(len(WRONG), size=int(rng.integers(3)))]
        if not faults and rng.random() < 0.2:
            good['actions'][rng.integers(horizon), rng.integers(8)] = rng.choice([np.nan, -np.inf])
            faults = [{}]
        chunk = replace(CHUNK, **good)
        for fault in faults:
            chunk = replace(chunk, **fault)
        if faults:
            with pytest.raises(Rejected):
                admit(chunk, NOW, RULES)
        else:
            admit(chunk, NOW, RULES)
            taken += 1
    assert taken > CASES['admission'] / 5


@pytest.mark.parametrize(
    ('change', 'line'),
    [
        ({'space': 'joints'}, "unknown action space 'joints'"),
        ({'action_dim': 0}, 'action_dim'),
        ({'control_hz': 0.0}, 'control_hz'),
        ({'control_hz': float('nan')}, 'control_hz'),
        ({'grace': -1.0}, 'grace'),
        ({'ahead': float('inf')}, 'ahead'),
        ({'span': 0.0}, 'span'),
        ({'execution': float('nan')}, 'execution'),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(change, line):
    with pytest.raises(ConfigError, match=line):
        replace(RULES, **change)
