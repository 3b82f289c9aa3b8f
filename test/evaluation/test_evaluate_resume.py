# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evaluate_world import PointWorld, settings

from frs_ros.errors import ConfigError, DataError
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.evaluate import evaluate
from frs_ros.evaluation.journal import EPISODES_FILE, SETTINGS_FILE, Journal
from frs_ros.evaluation.method import Method
from frs_ros.workers import WorkerError

ROOT = Path(__file__).parents[2]
TIMING = 'plan_ms'


def lines(folder: Path) -> list[dict]:
    file = folder / EPISODES_FILE
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_for(condition, timeout=30.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, 'timed out'
        time.sleep(0.02)


def without_timing(records):
    return [{k: v for k, v in vars(record).items() if k != TIMING} for record in records]


def test_results_do_not_depend_on_the_number_of_workers(tmp_path):
    one = evaluate(settings(), PointWorld(), tmp_path / 'one', workers=1)
    three = evaluate(settings(), PointWorld(), tmp_path / 'three', workers=3)
    assert without_timing(one) == without_timing(three)
    assert [record.job for record in one] == settings().jobs()
    assert {record.method: record.success for record in one} == {'base': False, 'frs': True}


def test_worker_keeps_to_a_task(tmp_path):
    trace = tmp_path / 'trace'
    evaluate(settings(), PointWorld(trace=str(trace)), tmp_path / 'out', workers=2)
    begun = [line.split() for line in trace.read_text().splitlines()]
    assert len(begun) == len(settings().jobs())
    for worker in {pid for pid, *_ in begun}:
        tasks = [task for pid, task, _ in begun if pid == worker]
        changes = sum(a != b for a, b in itertools.pairwise(tasks))
        assert changes <= 1, tasks


def test_magnitude_and_unsteered_base_reach_the_episode(tmp_path):
    slow = Method.parse('frs@0.5')
    chosen = settings(tasks=(0,), trials=1, methods=(Method('base', 'base'), slow))
    base, half = evaluate(chosen, PointWorld(), tmp_path)
    assert base.steered_share == 0.0
    assert half.steered_share == 1.0
    assert half.steps == 20
    assert half.diagnostics == {'cosine': 1.0}


@pytest.mark.parametrize('fault', ['raise', 'kill'])
def test_goes_on_after_a_worker_failed_and_repeats_nothing(tmp_path, fault):
    out = tmp_path / 'out'
    with pytest.raises(WorkerError, match=r'task 1, init state 1.*kept in .*run the same command'):
        evaluate(settings(), PointWorld(fault=fault, at=(1, 1)), out)
    kept = lines(out)
    assert len(kept) == 8, 'all episodes before the fault, in the order of jobs'
    log = out / 'error.log'
    assert log.exists() == (fault == 'raise')
    if log.exists():
        assert 'ZeroDivisionError: the fake world broke' in log.read_text()
    trace = tmp_path / 'trace'
    records = evaluate(settings(), PointWorld(trace=str(trace)), out)
    assert len(records) == len(settings().jobs())
    assert len(trace.read_text().splitlines()) == len(records) - len(kept)
    assert lines(out)[:8] == kept


def test_error_for_the_user_passes_through_unchanged(tmp_path):
    with pytest.raises(ConfigError, match=r'^the fake world refuses$'):
        evaluate(settings(), PointWorld(fault='refuse', at=(0, 0)), tmp_path)


def test_init_states_that_do_not_exist_are_refused_before_any_episode(tmp_path):
    with pytest.raises(ConfigError, match='only 0 to 11'):
        evaluate(settings(first_init=10), PointWorld(), tmp_path)
    assert lines(tmp_path) == []


def test_finished_evaluation_starts_no_worker(tmp_path):
    first = evaluate(settings(trials=1), PointWorld(), tmp_path)
    again = evaluate(settings(trials=1), PointWorld(fault='raise', at=(0, 0)), tmp_path)
    assert again == first


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        ({'seed': 8}, 'seed'),
        ({'trials': 4}, 'trials'),
        ({'digests': ('f00',)}, 'checkpoint_sha256'),
        ({'tasks': (1, 0)}, 'tasks'),
        ({'checkpoints': ('mini', 'other')}, 'checkpoint'),
        ({'methods': (Method.parse('frs[strength=0.5]'),)}, 'methods'),
        ({'conditions': Conditions(wrong=0.25)}, 'wrong'),
        ({'conditions': Conditions(replan=2)}, 'replan'),
    ],
)
def test_other_settings_in_the_same_folder_are_refused(tmp_path, change, word):
    evaluate(settings(), PointWorld(), tmp_path)
    with pytest.raises(ConfigError, match=f'other settings .{word} was'):
        Journal(tmp_path, settings(**change))


def test_a_folder_without_episodes_takes_other_settings(tmp_path):
    Journal(tmp_path, settings(target='cheese'))  # as a refused command leaves it
    assert evaluate(settings(), PointWorld(), tmp_path)
    with pytest.raises(ConfigError, match='target was stock, is cheese'):
        Journal(tmp_path, settings(target='cheese'))


def test_line_cut_off_by_a_kill_is_run_again(tmp_path):
    whole = evaluate(settings(), PointWorld(), tmp_path)
    file = tmp_path / EPISODES_FILE
    file.write_text(file.read_text()[:-20])
    assert len(Journal(tmp_path, settings()).records) == len(whole) - 1
    assert without_timing(evaluate(settings(), PointWorld(), tmp_path)) == without_timing(whole)
    assert len(lines(tmp_path)) == len(whole)


@pytest.mark.parametrize('damage', ['not json', '{"task_id": 0}', '[]'])
def test_damaged_line_is_named(tmp_path, damage):
    evaluate(settings(), PointWorld(), tmp_path)
    file = tmp_path / EPISODES_FILE
    file.write_text('\n'.join([damage, *file.read_text().splitlines()[1:], '']))
    with pytest.raises(DataError, match=r'episodes\.jsonl, line 1 is damaged; delete'):
        Journal(tmp_path, settings())


@pytest.mark.parametrize('wrong', [None, [], {}, 'x', -1, 1.5, 10**200, [None], {'a': 'x'}])
def test_a_value_of_another_type_is_damage(tmp_path, wrong):
    """Counting, comparing or sorting it would end in a traceback, or in a wrong table."""
    evaluate(settings(), PointWorld(), tmp_path)
    file = tmp_path / EPISODES_FILE
    first, *others = file.read_text().splitlines()
    numbers = ('steered_share', 'plan_ms', 'diagnostics') if wrong in (-1, 1.5) else ()
    texts = ('method', 'outcome', 'first_lifted') if wrong in ('x', None) else ()
    for name in json.loads(first).keys() - {*numbers, *texts} or ['success']:
        if wrong in ([], {}) and type(wrong) is type(json.loads(first)[name]):
            continue  # there may be none
        changed = json.dumps({**json.loads(first), name: wrong})
        file.write_text('\n'.join([changed, *others, '']))
        with pytest.raises(DataError, match=r'line 1 is damaged'):
            Journal(tmp_path, settings())


@pytest.mark.parametrize('left', ['', '{"seed": 7', '[]', None])
def test_torn_settings_are_written_anew_where_all_episodes_fit(tmp_path, left, capsys):
    whole = evaluate(settings(), PointWorld(), tmp_path)
    file = tmp_path / SETTINGS_FILE
    before = file.read_bytes()
    file.unlink()
    if left is not None:
        file.write_text(left, encoding='utf-8')
    assert evaluate(settings(), PointWorld(fault='raise', at=(0, 0)), tmp_path) == whole
    assert f'all {len(whole)} episodes belong' in capsys.readouterr().err
    assert file.read_bytes() == before
    file.write_text('{', encoding='utf-8')
    with pytest.raises(DataError, match=r'damaged, and episodes\.jsonl holds episodes of other'):
        Journal(tmp_path, settings(trials=1))
    assert file.read_text(encoding='utf-8') == '{'


def test_a_full_disk_leaves_a_journal_that_goes_on(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, 'No space left on device')

    whole = evaluate(settings(), PointWorld(), tmp_path / 'whole')
    journal = Journal(tmp_path / 'out', settings())
    journal.append(whole[0])
    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', full)
        with pytest.raises(OSError, match='No space left'):
            journal.append(whole[1])
    assert len(lines(tmp_path / 'out')) == len(Journal(tmp_path / 'out', settings()).records) == 1


def test_ctrl_c_ends_quietly_and_keeps_what_was_finished(tmp_path):
    """Ctrl-C in a terminal reaches the command and its workers at once."""
    code = (
        'import sys, evaluate_world; from frs_ros import cli; '
        "cli.COMMANDS[('point',)] = ('evaluate_world', 'test'); "
        "sys.exit(cli.main(['point', sys.argv[1]]))"
    )
    path = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, '-c', code, str(tmp_path)],
        env=os.environ | {'PYTHONPATH': path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: lines(tmp_path) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert 'Traceback' not in stderr
    assert 'episodes are kept' in stderr
    workers = {int(line.split()[0]) for line in (tmp_path / 'trace').read_text().splitlines()}
    assert len(workers) == 2
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    kept = len(lines(tmp_path))
    assert 1 <= kept < 12
    assert len(evaluate(settings(), PointWorld(), tmp_path)) == 12
