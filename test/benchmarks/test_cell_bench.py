# SPDX-License-Identifier: Apache-2.0
"""Numbers of a robot cell from what was heard of it."""

from __future__ import annotations

import json

from frs_ros.benchmarks.cell import CellTape, summary, text


def image(number: int) -> bytes:
    return number.to_bytes(4, 'big')


def number_of(data: bytes) -> int:
    return int.from_bytes(data, 'big')


def tape(**changes) -> CellTape:
    heard = {
        'chunk_to_command': {i: 0.001 for i in range(100)},
        'latencies': [0.02, 0.03],
        'images': {'a': [image(n) for n in range(5, 35)]},
        'state_stamps': [10_000_000 * n for n in range(100)],
        'counters': {'holds': 0},
    }
    return CellTape(**{**heard, **changes})


def test_a_good_run():
    results = summary(tape(), 1.0, number_of)
    assert results['chunks'] == 100
    assert results['chunk_to_command_ms'] == {'p50': 1.0, 'p99': 1.0, 'max': 1.0}
    assert results['target_reached']
    assert results['cameras']['a'] == {
        'made': 30,
        'received': 30,
        'missing': 0,
        'per_second': 30.0,
    }
    assert results['all_frames_delivered']
    assert results['state_period_ms']['p99'] == 10.0
    json.dumps(results)
    assert 'reached' in text(results)


def test_late_commands_miss_the_target():
    late = {i: 0.001 for i in range(100)} | {7: 0.5, 8: 0.5}
    results = summary(tape(chunk_to_command=late), 1.0, number_of)
    assert not results['target_reached']
    assert results['chunk_to_command_ms']['max'] == 500.0
    assert 'MISSED' in text(results)


def test_lost_and_doubled_images_are_noticed():
    numbers = [n for n in range(30) if n != 11] + [29]
    results = summary(tape(images={'a': [image(n) for n in numbers]}), 1.0, number_of)
    assert results['cameras']['a']['missing'] == 1
    assert results['cameras']['a']['received'] == 29
    assert not results['all_frames_delivered']


def test_silence_reaches_no_target():
    results = summary(CellTape(images={'a': []}), 1.0, number_of)
    assert not results['target_reached']
    assert results['cameras']['a']['made'] == 0
    assert not results['all_frames_delivered']
    text(results)
