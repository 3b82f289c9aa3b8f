# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from frs_ros.cli import main
from frs_ros.sim import trials
from frs_ros.sim.trials import NO_SKILL, Result, summarise


def result(task_id, init_id, outcome, steps=100, reason=''):
    return Result(task_id, init_id, 'do it', steps, outcome, 'on a b', reason)


def test_one_row_per_task_with_the_failures_by_init_state():
    rows = summarise(
        [
            result(3, 1, 'dropped'),
            result(3, 0, 'success', 80),
            result(1, 0, NO_SKILL, 0, 'no way'),
            result(3, 2, 'success', 100),
        ]
    )
    assert [row['task_id'] for row in rows] == [1, 3]
    assert (rows[1]['successes'], rows[1]['trials'], rows[1]['steps_mean']) == (2, 3, 90.0)
    assert [f['init'] for f in rows[1]['failures']] == [1]
    assert rows[0]['steps_mean'] is None
    assert rows[0]['failures'][0]['reason'] == 'no way'


def test_what_no_skill_can_do_is_said(butter_env, monkeypatch):
    from frs_ros.errors import DataError

    class Lost:
        def __init__(self, env):
            pass

        def actions(self):
            raise DataError('the expert cannot dance')

    monkeypatch.setattr(trials, 'TaskExpert', Lost)
    told = trials.run_trial(butter_env, 30)
    assert (told.outcome, told.reason, told.steps) == (NO_SKILL, 'the expert cannot dance', 0)


def test_command_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    pytest.importorskip('libero', reason='LIBERO is not installed')

    def fake(suite, assets, tasks, init_ids, workers):
        assert (suite, assets, workers) == ('libero_goal', 'standin', 1)
        yield from (result(t, i, 'success' if i else 'dropped') for t in tasks for i in init_ids)

    monkeypatch.setattr(trials, 'run_trials', fake)
    file = tmp_path / 'expert.json'
    words = '--suite libero_goal --tasks 2,3 --trials 2 --workers 1 --assets standin --json'
    assert main(['expert', *words.split(), str(file)]) == 0
    printed = capsys.readouterr().out
    assert '| 2 | do it | 1/2 | 100 | dropped at: on a b |' in printed
    assert '| all | | 2/4 |' in printed
    written = json.loads(file.read_text())
    assert [row['task_id'] for row in written['rows']] == [2, 3]
    assert len(written['trials']) == 4


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        ('--tasks 11', 'unknown task'),
        ('--trials 0', 'at least 1'),
        ('--first-init 49 --trials 2', 'goes beyond'),
        ('--workers 0', '--workers'),
    ],
)
def test_wrong_arguments_are_one_line(words, reason, capsys):
    pytest.importorskip('libero', reason='LIBERO is not installed')
    assert main(['expert', '--assets', 'standin', *words.split()]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count('\n') == 1
