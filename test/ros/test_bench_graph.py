# SPDX-License-Identifier: Apache-2.0
"""The graph against the evaluator: equal chunks, and a bench that notices unequal ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from frs_ros.benchmarks.graph import Episode, difference, steps_per_second, summary
from frs_ros.cli import main
from frs_ros.commands import bench_graph
from frs_ros.errors import DataError


def episode(*chunks, steps=10, seconds=1.0, start=0):
    numbered = {i: np.full((2, 7), value) for i, value in enumerate(chunks, start)}
    return Episode(numbered, steps, seconds)


def test_difference_is_the_largest_over_plans():
    assert difference(episode(1.0, 2.0), episode(1.0, 2.5)) == (0.5, 2, 0)


def test_plans_that_only_one_side_has_are_counted():
    assert difference(episode(1.0, 2.0), episode(2.0, start=1)) == (0.0, 1, 1)
    assert not summary([([episode(1.0, 2.0)], [episode(1.0)])], [])['chunks_equal']


def test_speed_is_that_of_all_steps():
    assert steps_per_second([episode(seconds=1.0), episode(seconds=3.0)]) == 5.0


def test_ratio_is_the_median_over_rounds():
    rounds = [([episode(0.0)], [episode(0.0, seconds=s)]) for s in (1.0, 2.0, 0.8)]
    results = summary(rounds, [])
    assert results['ratio'] == 1.0
    assert results['ratio_reached']
    assert results['chunks_equal']
    slower = summary([([episode(0.0)], [episode(0.0, seconds=1.3)])], [])
    assert not slower['ratio_reached']


@pytest.mark.ros
def test_graph_gives_the_chunks_of_the_evaluator(ros_domain, checkpoint, tmp_path, capsys):
    file = tmp_path / 'graph.json'
    words = ['bench', 'graph', '--graphs', 'libero', '--checkpoint', checkpoint, '--task', '7']
    assert (
        main([*words, '--trials', '2', '--rounds', '1', '--max-steps', '12', '--json', str(file)])
        == 0
    )
    results = json.loads(file.read_text())
    assert results['plans_compared'] == 6
    assert results['plans_missing'] == 0
    assert results['chunk_difference_max'] <= 1e-5
    assert results['plan_latency_ms']['p50'] > 0
    assert 'ratio' in capsys.readouterr().out


@pytest.mark.ros
@pytest.mark.flaky(reruns=1)  # its processes have to keep time, see test/conftest.py
def test_the_cell_moves_and_all_images_arrive(ros_domain, checkpoint, tmp_path, capsys):
    file = tmp_path / 'graph.json'
    words = ['bench', 'graph', '--graphs', 'cell', '--checkpoint', checkpoint, '--seconds', '3']
    assert main([*words, '--json', str(file)]) == 0
    cell = json.loads(file.read_text())['cell']
    assert cell['chunks'] >= 3
    assert cell['controller']['commands'] > 50
    assert 0 < cell['chunk_to_command_ms']['p50'] < 100
    assert cell['plan_latency_ms']['p50'] > 0
    assert list(cell['cameras']) == ['agentview', 'wrist']
    for camera in cell['cameras'].values():
        assert camera['received'] > 30
    assert 'chunk to command' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--graphs', 'libero,moon'], "unknown graph 'moon'"),
        (['--graphs', 'cell', '--seconds', '0'], '--seconds'),
        (['--method', 'magic'], 'magic'),
        (['--task', '10'], 'unknown task 10'),
        (['--rounds', '0'], '--rounds'),
        (['--init', '50'], 'beyond the last init state'),
    ],
)
def test_wrong_arguments_are_one_line(words, message, checkpoint, capsys):
    assert main(['bench', 'graph', '--checkpoint', checkpoint, *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ('error', 'code', 'kept'), [(KeyboardInterrupt, 130, 0), (DataError('no plans'), 2, 1)]
)
def test_logs_stay_only_after_a_failure(error, code, kept, checkpoint, tmp_path, monkeypatch):
    def in_graph(args, seeds, log):
        log.write_text('last words')
        raise error

    monkeypatch.setattr(bench_graph, 'check_ros', lambda: None)
    monkeypatch.setattr(bench_graph, '_evaluator', lambda args, seeds: list)
    monkeypatch.setattr(bench_graph, '_in_graph', in_graph)
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'tmp'))
    (tmp_path / 'tmp').mkdir()
    assert main(['bench', 'graph', '--checkpoint', checkpoint]) == code
    assert len(list(tmp_path.glob('tmp/frs_bench_*/round_0.log'))) == kept
    assert len(list(tmp_path.glob('tmp/*'))) == kept
