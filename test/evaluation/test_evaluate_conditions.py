# SPDX-License-Identifier: Apache-2.0
"""Options, conditions and training seeds through whole evaluations of the point world."""

import json

import pytest
from evaluate_world import MAX_STEPS, WEAK, PointWorld, settings

from frs_ros.errors import ConfigError
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.evaluate import evaluate
from frs_ros.evaluation.journal import EPISODES_FILE
from frs_ros.evaluation.method import parse_methods
from frs_ros.evaluation.report import summarise, table
from frs_ros.workers import WorkerError


def without_timing(records):
    return [{k: v for k, v in vars(record).items() if k != 'plan_ms'} for record in records]


def run(tmp_path, methods, name='out', **changes):
    changes = {'tasks': (0,), 'trials': 1} | changes
    chosen = settings(methods=parse_methods(methods), **changes)
    return evaluate(chosen, PointWorld(), tmp_path / name)


def test_options_and_conditions_of_methods_reach_the_episode(tmp_path):
    methods = 'frs,frs[strength=0.5],frs[replan=1],frs[steps=8],frs[guidance=none]'
    plain, half, often, finer, alone = run(tmp_path, methods)
    assert (plain.steps, plain.plans, plain.nfe) == (10, 4, 4 * 8)
    assert half.steps == 20
    assert (often.steps, often.plans) == (10, 10)
    assert (finer.steps, finer.nfe) == (10, 4 * 16)
    assert (alone.success, alone.steps, alone.steered_share) == (False, MAX_STEPS, 0.0)


def test_common_conditions_are_those_of_every_method(tmp_path):
    common = Conditions(replan=1, steps=8)
    base, frs, own = run(tmp_path, 'base,frs,frs[replan=2]', conditions=common)
    assert base.plans == MAX_STEPS
    assert (frs.plans, frs.nfe) == (10, 160)
    assert own.plans == 5


def test_wrong_guidance_turns_success_into_failure(tmp_path):
    methods = 'frs,frs[wrong=1],frs[guidance=random]'
    records = run(tmp_path, methods, trials=4)
    right, flipped, random = (records[i::3] for i in range(3))
    assert all(record.success for record in right)
    for wrong in (flipped, random):
        assert not any(record.success for record in wrong)
        assert all(record.steered_share == 1 for record in wrong), 'still steered, but wrongly'


def test_wrong_guidance_repeats_in_any_number_of_workers_and_after_a_kill(tmp_path):
    methods = parse_methods('frs[wrong=0.3],frs[wrong=0.3,wrong_kind=random],frs[guidance=random]')
    chosen = settings(methods=methods, trials=4)
    whole = evaluate(chosen, PointWorld(), tmp_path / 'whole', workers=1)
    assert 0 < sum(record.success for record in whole) < len(whole), 'some succeed, some do not'
    with pytest.raises(WorkerError):
        evaluate(chosen, PointWorld(fault='kill', at=(1, 2)), tmp_path / 'cut', workers=2)
    resumed = evaluate(chosen, PointWorld(), tmp_path / 'cut', workers=2)
    assert without_timing(resumed) == without_timing(whole)


def test_chunk_shorter_than_replan_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='replan 6 is longer than a chunk'):
        run(tmp_path, 'frs[replan=6]')


def test_training_seeds_are_pooled_and_told_apart(tmp_path):
    chosen = settings(trials=2, checkpoints=('mini', WEAK), digests=('aa', 'bb'), tasks=(0, 1))
    records = evaluate(chosen, PointWorld(), tmp_path, workers=2)
    assert [record.job for record in records] == chosen.jobs()
    assert len(records) == 2 * 2 * 2 * 2
    results = summarise(records, chosen)
    frs = results['totals'][1]
    assert (frs['method'], frs['successes'], frs['trials']) == ('frs', 4, 8)
    parts = {part['checkpoint']: part for part in frs['by_checkpoint']}
    assert parts['mini']['successes'] == parts['mini']['trials'] == 4
    assert parts[WEAK]['successes'] == 0
    (comparison,) = results['comparisons']
    assert (comparison['pairs'], comparison['wins'], comparison['losses']) == (8, 4, 0)
    text = table(results)
    assert f'{WEAK}  frs     0/4' in text
    assert results['settings']['checkpoint'] == f'mini,{WEAK}'


def test_seeds_share_the_draws_of_an_episode(tmp_path):
    """So that training seeds differ in their weights alone."""
    alone = run(tmp_path, 'frs[wrong=0.3]', 'alone', trials=3)
    two = run(tmp_path, 'frs[wrong=0.3]', 'two', trials=3, checkpoints=('other', 'mini'))
    second = [record for record in two if record.checkpoint == 1]
    assert [r.success for r in second] == [r.success for r in alone]
    assert [r.steps for r in second] == [r.steps for r in alone]


def test_folder_of_an_older_version_goes_on(tmp_path):
    chosen = settings(tasks=(0,), trials=2)
    whole = evaluate(chosen, PointWorld(), tmp_path)
    file = tmp_path / 'settings.json'
    known = json.loads(file.read_text())
    for key in ('wrong', 'wrong_kind', 'replan', 'steps', 'near_target'):
        del known[key]
    file.write_text(json.dumps(known))
    file = tmp_path / EPISODES_FILE
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        del line['checkpoint']
    file.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    assert evaluate(chosen, PointWorld(fault='raise', at=(0, 0)), tmp_path) == whole
