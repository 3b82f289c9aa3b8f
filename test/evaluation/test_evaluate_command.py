# SPDX-License-Identifier: Apache-2.0
"""`frs eval` and `frs report` from end to end, with the point world in place of LIBERO."""

import json

import pytest
from evaluate_world import PointWorld

from frs_ros.cli import main
from frs_ros.policies.checkpoint import save_policy
from frs_ros.policies.mini import random_policy

METHODS = 'base,frs,frs[strength=0.5],frs[wrong=1],direct@0.5'


@pytest.fixture
def checkpoints(tmp_path):
    """Two training seeds."""
    return [
        save_policy(random_policy(seed=i), tmp_path / f'seed{i}.safetensors', {}) for i in (0, 1)
    ]


@pytest.fixture(autouse=True)
def _point_world(monkeypatch):
    monkeypatch.setattr('frs_ros.evaluation.libero_world.LiberoWorld', PointWorld)


def command(checkpoints, out, *more):
    weights = ','.join(map(str, checkpoints))
    argv = ['eval', '--checkpoint', weights, '--tasks', '0,1', '--methods', METHODS]
    argv += ['--trials', '1', '--assets', 'standin', '--workers', '1', '--out', str(out), *more]
    return [str(word) for word in argv]


def test_evaluates_resumes_and_reports(checkpoints, tmp_path, capsys):
    out = tmp_path / 'out'
    argv = command(checkpoints, out, '--compare', 'frs,frs[wrong=1]')
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert 'frs against frs[wrong=1]: +100 points' in shown
    for file in ('results.json', 'results.png', 'failures.png', 'settings.json', 'episodes.jsonl'):
        assert (out / file).stat().st_size > 0
    results = json.loads((out / 'results.json').read_text())
    rows = {(row['method'], row['task_id']): row for row in results['rows']}
    half = rows['frs[strength=0.5]', 1]
    assert (half['steerer'], half['options'], half['magnitude']) == ('frs', {'strength': 0.5}, 1)
    assert (half['successes'], half['trials']) == (2, 2)
    assert rows['direct@0.5', 0]['magnitude'] == 0.5
    assert rows['frs[wrong=1]', 0]['conditions']['wrong'] == 1
    assert rows['base', 0]['conditions']['guidance'] == 'none'
    names = [part['checkpoint'] for part in results['totals'][0]['by_checkpoint']]
    assert names == ['seed0', 'seed1']
    assert results['policy'] == {'steps': 10, 'replan': 5}
    assert results['command'].startswith('frs eval --tasks 0,1 --methods ')

    (out / 'results.json').unlink()
    assert main(argv) == 0, 'nothing is left to run'
    assert json.loads((out / 'results.json').read_text()) == results

    capsys.readouterr()
    assert main(['report', str(out)]) == 0
    text = capsys.readouterr().out
    assert '| `frs` | 4/4 | 100 % | 51 to 100 % | 2 / 2 | 2 / 2 |' in text
    assert results['command'] in text

    assert main([*argv, '--replan', '2']) == 2
    assert 'replan was 0, is 2' in capsys.readouterr().err
    assert main(command(checkpoints[:1], out)) == 2
    assert 'checkpoint was' in capsys.readouterr().err
