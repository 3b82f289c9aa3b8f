# SPDX-License-Identifier: Apache-2.0
import json

import cv2
import numpy as np
import pytest
from evaluate_world import settings

from frs_ros.errors import ConfigError
from frs_ros.evaluation.journal import EpisodeRecord
from frs_ros.evaluation.markdown import markdown_table
from frs_ros.evaluation.method import Method
from frs_ros.evaluation.plots import plot_results
from frs_ros.evaluation.report import summarise, table, write_json
from frs_ros.evaluation.settings import Job
from frs_ros.evaluation.statistics import wilson95


def record(job: Job, success: bool, outcome: str, plan_ms=(2.0,)) -> EpisodeRecord:
    return EpisodeRecord(
        job.task_id,
        job.init_id,
        job.method,
        success,
        steps=100 if success else 280,
        outcome=outcome,
        first_lifted='milk' if success else None,
        plans=len(plan_ms),
        nfe=20 * len(plan_ms),
        plan_ms=tuple(plan_ms),
        steered_share=0.5,
        diagnostics={'cosine': 0.9} if job.method == 'frs' else {},
    )


@pytest.fixture
def results():
    """20 episodes per method: base always lifts the wrong thing, frs fails once per task."""
    chosen = settings(trials=10)
    records = [
        record(job, True, 'success', (2.0, 4.0))
        if job.method == 'frs' and job.init_id
        else record(job, False, 'wrong object' if job.method == 'base' else 'dropped')
        for job in chosen.jobs()
    ]
    return summarise(records, chosen, task_names={0: 'zero', 1: 'one'}, versions={'frs_ros': '1'})


def test_results_have_the_keys_that_readers_rely_on(results, tmp_path):
    write_json(tmp_path / 'results.json', results)
    read = json.loads((tmp_path / 'results.json').read_text())
    row_keys = {'suite', 'task_id', 'method', 'successes', 'trials', 'wilson95'}
    row_keys |= {'nfe_mean', 'plan_ms_p50'}
    for row in read['rows']:
        assert row_keys <= set(row)
    assert [(row['method'], row['task_id']) for row in read['rows']] == [
        ('base', 0),
        ('base', 1),
        ('frs', 0),
        ('frs', 1),
    ]
    for total in read['totals']:
        assert {'method', 'successes', 'trials', 'rate', 'wilson95'} <= set(total)
    assert read['settings']['methods'] == ['base', 'frs']
    assert read['versions'] == {'frs_ros': '1'}


def test_rows_and_totals_count(results):
    row = results['rows'][2]
    assert (row['successes'], row['trials'], row['instruction']) == (9, 10, 'zero')
    assert row['outcomes'] == {'dropped': 1, 'success': 9}
    assert row['first_lifted'] == {'milk': 9, 'nothing': 1}
    assert row['nfe_mean'] == 20.0, 'per plan, not per episode'
    assert row['plan_ms_p50'] == 2.0, 'over all plans: 9 x (2, 4) and one 2'
    assert row['steps_mean'] == 118.0
    assert row['steps_mean_successes'] == 100.0
    total = results['totals'][1]
    assert (total['successes'], total['trials'], total['rate']) == (18, 20, 0.9)
    assert total['wilson95'] == pytest.approx(wilson95(18, 20), abs=1e-6)


def test_comparison_with_base_says_whether_intervals_overlap(results):
    (comparison,) = results['comparisons']
    expected = {'method': 'frs', 'against': 'base', 'points': 90.0, 'disjoint': True}
    expected |= {'pairs': 20, 'wins': 18, 'losses': 0}
    assert comparison.items() >= expected.items()
    assert comparison['p_value'] == pytest.approx(2 / 2**18, rel=1e-5)
    low, high = comparison['points95']
    assert 60 < low < 90 < high <= 100


def test_what_was_not_measured_is_null():
    chosen = settings(tasks=(0,), methods=(Method('direct', 'direct'),), trials=1)
    results = summarise([record(Job(0, 0, 'direct'), False, 'dropped', ())], chosen)
    row = results['rows'][0]
    assert row['nfe_mean'] is None
    assert row['plan_ms_p50'] is None
    assert row['steps_mean_successes'] is None
    assert results['comparisons'] == []


def test_table_names_rates_intervals_and_failure_classes(results):
    text = table(results)
    assert 'wrong object 20' in text
    assert '18/20' in text
    assert '70 .. 97 %' in text
    assert 'frs against base: +90 points (' in text
    assert 'p = 7.6e-06, 18 won and 0 lost of 20 pairs; the 95 % intervals do not overlap' in text


def test_image_shows_a_bar_per_method_and_group(results, tmp_path):
    plot_results(tmp_path / 'results.png', results)
    image = cv2.imread(str(tmp_path / 'results.png'))[..., ::-1]
    blue_of_frs = np.all(np.abs(image.astype(int) - (0xE6, 0x9F, 0x00)) < 4, axis=-1)
    # frs is the second method: three bars (two tasks, all tasks) of the second colour.
    columns = blue_of_frs.sum(axis=0) > 100
    assert np.count_nonzero(np.diff(columns.astype(int)) == 1) >= 3


@pytest.mark.parametrize(
    'change',
    [
        {'trials': 0},
        {'tasks': ()},
        {'tasks': (1, 1)},
        {'methods': (Method('frs', 'frs'), Method('frs', 'frs'))},
        {'seed': -1},
        {'first_init': -1},
        {'checkpoints': ('mini', 'mini')},
        {'checkpoints': ('a', 'b'), 'digests': ('0', '0')},
        {'methods': (Method('frs', 'frs'), Method('frs@1', 'frs'))},
        {'layout': 'messy'},
    ],
)
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(ConfigError):
        settings(**change)


def test_foreign_text_ends_no_cell_and_no_row():
    table = markdown_table([{'method': 'a|b\n| forged | 100 % |\x1b[2K', 'n': 3}])
    assert table.splitlines()[2] == '| a\\|b \\| forged \\| 100 % \\|\\x1b[2K | 3 |'
    assert len(table.splitlines()) == 3
