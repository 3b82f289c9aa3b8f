# SPDX-License-Identifier: Apache-2.0
"""Runs of the point world pooled into tables, images and a page."""

import json

import cv2
import numpy as np
import pytest
from evaluate_world import WEAK, PointWorld, settings

from frs_ros.cli import main
from frs_ros.errors import ConfigError, DataError
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.evaluate import EpisodeRunner
from frs_ros.evaluation.journal import EPISODES_FILE, Journal
from frs_ros.evaluation.markdown import END, markdown, regenerate
from frs_ros.evaluation.method import parse_methods
from frs_ros.evaluation.pooled import own_numbers, summarise_pool
from frs_ros.evaluation.report import summarise, write_json
from frs_ros.evaluation.runs import Run, pool, read_run
from frs_ros.evaluation.sweep_plot import series

COMMAND = 'frs eval --out out/{}'


def run(folder, methods='base,frs', **changes):
    """Evaluates, but in this process, and writes results.json, as the command does."""
    chosen = settings(**({'methods': parse_methods(methods), 'trials': 2} | changes))
    journal, runner = Journal(folder, chosen), EpisodeRunner(chosen, PointWorld())
    for job in chosen.jobs():
        journal.append(runner(job))
    records = list(journal.records.values())
    policy = {'steps': 4, 'replan': 3}
    results = summarise(records, chosen, policy=policy, command=COMMAND.format(folder.name))
    write_json(folder / 'results.json', results)
    return folder


def pooled(*folders):
    return pool([read_run(folder) for folder in folders])


def by_label(results):
    return {entry['method']: entry for entry in results['methods']}


def test_settings_are_read_back(tmp_path):
    changes = {'conditions': Conditions(wrong=0.5, replan=2), 'checkpoints': ('mini', WEAK)}
    changes |= {'digests': ('aa', 'bb'), 'first_init': 3}
    folder = run(tmp_path / 'run', 'base,frs[strength=0.5]@0.5', **changes)
    read = read_run(folder)
    expected = settings(methods=parse_methods('base,frs[strength=0.5]@0.5'), trials=2, **changes)
    assert read.settings == expected
    assert [record.job for record in read.records] == expected.jobs()
    assert (read.missing, read.results['command']) == (0, 'frs eval --out out/run')


def test_what_was_trained_anew_under_the_same_name_is_not_pooled(tmp_path):
    methods = 'base,dsbc[checkpoint=d/{task}.safetensors]'
    folders = []
    for name, digests in (('a', ('1', '2')), ('b', ('1', '2')), ('c', ('1', '3'))):
        changed = settings(methods=parse_methods(methods), distilled=digests)
        folders.append(Run(tmp_path / name, changed, []))
    assert pool(folders[:2]).methods
    with pytest.raises(ConfigError, match=r'd/1\.safetensors was another one in .*a than in .*c'):
        pool(folders)


def test_methods_of_several_runs_stand_in_one_table(tmp_path):
    a = run(tmp_path / 'a')
    b = run(tmp_path / 'b', 'frs[strength=0.5],frs', conditions=Conditions(wrong=1.0))
    results = summarise_pool(pooled(a, b), [('frs', 'frs[wrong=1]')])
    entries = by_label(results)
    labels = ['base', 'frs', 'frs[strength=0.5,wrong=1]', 'frs[wrong=1]']
    assert list(entries) == labels
    assert [entries[label]['successes'] for label in labels] == [0, 4, 0, 0]
    assert entries['frs[wrong=1]']['conditions']['wrong'] == 1.0
    assert results['notes'] == []
    last = results['comparisons'][-1]
    assert (last['method'], last['against']) == ('frs', 'frs[wrong=1]')
    assert (last['wins'], last['losses'], last['pairs']) == (4, 0, 4)
    other = summarise_pool(pooled(a, b), against='frs')['comparisons']
    assert [(c['method'], c['against']) for c in other] == [
        (label, 'frs') for label in labels if label != 'frs'
    ]
    assert [c['points'] for c in other] == [-100, -100, -100]


def test_suites_are_parts_and_seeds_are_columns(tmp_path):
    a = run(tmp_path / 'a', suite='one', checkpoints=('x/mini',), digests=('aa',))
    b = run(tmp_path / 'b', suite='two', checkpoints=(WEAK,), digests=('bb',))
    results = summarise_pool(pooled(a, b))
    frs = by_label(results)['frs']
    assert [(p['part'], p['successes'], p['trials']) for p in frs['parts']] == [
        ('one', 4, 4),
        ('two', 0, 4),
    ]
    seeds = {part['checkpoint']: part['successes'] for part in frs['by_checkpoint']}
    assert seeds == {'mini': 4, WEAK: 0}
    text = markdown(results)
    assert '| `frs` | 4/8 | 50 % | 22 to 78 % | 4 / 0 | 4 / 0 |' in text
    assert 'Tasks `one` 0-1; `two` 0-1, init states 0-1, assets `auto`, 2 training seeds' in text
    note = 'Not every training seed ran on the same episodes: mini on 4, weak on 4.'
    assert note in text


def test_targets_are_parts_too(tmp_path):
    own = run(tmp_path / 'own', tasks=(1,))
    milk = run(tmp_path / 'milk', tasks=(1,), target='milk')
    results = summarise_pool(pooled(own, milk))
    parts = by_label(results)['frs']['parts']
    assert [(p['part'], p['trials']) for p in parts] == [('task 1 milk', 2), ('task 1', 2)]
    assert 'targets stock, milk, assets' in markdown(results)


def test_method_of_one_seed_stands_beside_those_of_two(tmp_path):
    a = run(tmp_path / 'a', checkpoints=('mini', WEAK), digests=('aa', 'bb'))
    b = run(tmp_path / 'b', 'direct', digests=('aa',))
    text = markdown(summarise_pool(pooled(a, b)))
    assert '| `direct` | 4/4 | 100 % | 51 to 100 % | 2 / 2 | 4/4, 0/0 |' in text
    assert '| `frs` | 4/8 | 50 % | 22 to 78 % | 2 / 2 | 4 / 0 |' in text
    assert '"Training seeds" are mini, weak, in this order.' in text


def test_evaluation_seeds_are_columns_and_pairs_of_their_own(tmp_path):
    a = run(tmp_path / 'a', 'base,frs,direct')
    b = run(tmp_path / 'b', seed=8, conditions=Conditions(wrong=1.0))
    c = run(tmp_path / 'c', seed=8)
    results = summarise_pool(pooled(a, b, c), [('base', 'frs')])
    frs = by_label(results)['frs']
    assert [(p['seed'], p['successes'], p['trials']) for p in frs['by_seed']] == [
        (7, 4, 4),
        (8, 4, 4),
    ]
    pair = next(found for found in results['comparisons'] if found['against'] == 'frs')
    assert (pair['losses'], pair['pairs']) == (8, 8), 'an episode of each seed is a pair'
    text = markdown(results)
    assert '| `frs` | 8/8 | 100 % | 68 to 100 % | 4 / 4 | 4 / 4 |' in text
    assert '| `frs[wrong=1]` | 0/4 | 0 % | 0 to 49 % | 0 / 0 | 0/0, 0/4 |' in text
    assert 'one training seed, evaluation seeds 7, 8.' in text
    assert '"Evaluation seeds" are 7, 8, in this order.' in text
    assert 'pairs of all evaluation seeds taken as independent' in text
    assert 'of 8, `direct` has 4, `frs[wrong=1]` has 4.' in text
    with pytest.raises(ConfigError, match='have no episode in common'):
        summarise_pool(pooled(a, b), [('direct', 'frs[wrong=1]')])


def test_both_kinds_of_seeds_are_columns_and_what_a_seed_lacks_is_said(tmp_path):
    a = run(tmp_path / 'a', checkpoints=('mini', WEAK), digests=('aa', 'bb'))
    b = run(tmp_path / 'b', seed=8, trials=1, checkpoints=('mini', WEAK), digests=('aa', 'bb'))
    results = summarise_pool(pooled(a, b))
    text = markdown(results)
    assert '| `frs` | 6/12 | 50 % | 25 to 75 % | 3 / 3 | 6 / 0 | 4/8, 2/4 |' in text
    assert 'pairs of all training seeds and evaluation seeds taken as independent' in text
    (note,) = results['notes']
    assert note.startswith('Not every evaluation seed ran on the same episodes: 7 on 8, 8 on 4.')


def test_a_dot_of_each_evaluation_seed_is_drawn(tmp_path):
    folders = [run(tmp_path / str(seed), seed=seed) for seed in (7, 8)]
    images = []
    for name, chosen in (('one', folders[:1]), ('both', folders)):
        file = tmp_path / f'{name}.png'
        assert main(['report', *map(str, chosen), '--out', str(file)]) == 0
        images.append(cv2.imread(str(file)).astype(int))
    orange = [np.sum((p[..., 2] > 180) & (p[..., 0] < 40)) for p in images]
    assert orange[0] == 0 < orange[1]


def test_same_name_of_other_weights_is_told_apart(tmp_path):
    a = run(tmp_path / 'a', checkpoints=('x/mini',), digests=('aa',))
    b = run(tmp_path / 'b', checkpoints=('y/mini',), digests=('bbbbbbbbbb',))
    frs = by_label(summarise_pool(pooled(a, b)))['frs']
    assert [part['checkpoint'] for part in frs['by_checkpoint']] == ['x/mini', 'y/mini']
    assert frs['trials'] == 8


def test_the_same_weights_are_one_seed_in_a_list_and_alone(tmp_path):
    pair = run(tmp_path / 'pair', checkpoints=('x/mini', 'y/mini'), digests=('aa', 'bb'))
    alone = run(tmp_path / 'alone', 'frs,direct', checkpoints=('y/mini',), digests=('bb',))
    results = summarise_pool(pooled(pair, alone))
    frs = by_label(results)['frs']
    assert [(p['checkpoint'], p['trials']) for p in frs['by_checkpoint']] == [
        ('x/mini', 4),
        ('y/mini', 4),
    ]
    (direct,) = by_label(results)['direct']['by_checkpoint']
    assert (direct['checkpoint'], direct['trials']) == ('y/mini', 4)


def test_retrained_under_the_same_name_is_told_apart(tmp_path):
    before = run(tmp_path / 'before', checkpoints=('x/mini',), digests=('aaaaaaaaaa',))
    after = run(tmp_path / 'after', checkpoints=('x/mini',), digests=('bbbbbbbbbb',))
    frs = by_label(summarise_pool(pooled(before, after)))['frs']
    names = [part['checkpoint'] for part in frs['by_checkpoint']]
    assert names == ['x/mini aaaaaaaa', 'x/mini bbbbbbbb']


def test_episode_in_two_runs_counts_once(tmp_path):
    a, b = run(tmp_path / 'a'), run(tmp_path / 'b', 'frs')
    assert by_label(summarise_pool(pooled(a, b)))['frs']['trials'] == 4
    file = b / EPISODES_FILE
    file.write_text(file.read_text().replace('"success": true', '"success": false'))
    with pytest.raises(DataError, match='ended differently in'):
        pooled(a, b)


@pytest.mark.parametrize('change', [{'layout': 'shuffled'}, {'assets': 'standin'}])
def test_different_experiments_are_not_pooled(tmp_path, change):
    a, b = run(tmp_path / 'a'), run(tmp_path / 'b', **change)
    with pytest.raises(ConfigError, match=f'{next(iter(change))} is .* report them apart'):
        pooled(a, b)


def test_what_is_not_comparable_or_not_finished_is_said(tmp_path):
    a, b = run(tmp_path / 'a'), run(tmp_path / 'b', 'direct', trials=1)
    file = a / EPISODES_FILE
    file.write_text(''.join(file.read_text().splitlines(keepends=True)[:-1]))
    results = summarise_pool(pooled(a, b))
    unfinished, partial = results['notes']
    assert unfinished == f'{a} is not finished: 1 episodes are missing.'
    assert '`direct` has 2' in partial
    assert f'**{unfinished}**' in markdown(results)


@pytest.mark.parametrize(
    ('damage', 'words'),
    [
        (None, 'holds no evaluation'),
        ('{', 'settings.json is damaged'),
        ('{"suite": "fake"}', 'settings.json is damaged'),
        ('[]', 'settings.json is damaged'),
    ],
)
def test_folder_that_holds_no_evaluation_is_named(tmp_path, damage, words):
    if damage is not None:
        (tmp_path / 'settings.json').write_text(damage)
    with pytest.raises(DataError, match=words):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ('name', 'wrong'),
    [
        *(('suite', []), ('target', None), ('tasks', 'x'), ('tasks', [True])),
        *(('trials', 1.5), ('trials', 10**200), ('seed', '7')),
    ],
)
def test_settings_of_another_type_are_damaged(tmp_path, name, wrong):
    run(tmp_path)
    (tmp_path / 'results.json').unlink()  # which repeats them
    file = tmp_path / 'settings.json'
    file.write_text(json.dumps({**json.loads(file.read_text()), name: wrong}))
    with pytest.raises(DataError, match=r'settings.json is damaged'):
        read_run(tmp_path)


def test_torn_files_are_survived_where_others_say_the_same(tmp_path, capsys):
    run(tmp_path)
    chosen = read_run(tmp_path)
    results = tmp_path / 'results.json'
    results.write_text('', encoding='utf-8')  # as an older version left it on a full disk
    assert read_run(tmp_path).records == chosen.records
    assert 'results.json: not readable' in capsys.readouterr().err
    results.write_text(json.dumps({'settings': chosen.settings.to_json()}), encoding='utf-8')
    (tmp_path / 'settings.json').write_text('{"sui', encoding='utf-8')
    assert read_run(tmp_path).settings == chosen.settings
    assert 'its settings are read from results.json' in capsys.readouterr().err
    results.unlink()
    with pytest.raises(DataError, match=r'settings.json is damaged.* frs eval command writes it'):
        read_run(tmp_path)


def test_evaluation_that_has_only_begun_is_named(tmp_path):
    run(tmp_path)
    (tmp_path / EPISODES_FILE).unlink()
    with pytest.raises(DataError, match='no finished episode'):
        read_run(tmp_path)


def test_markdown_names_failures_and_commands(tmp_path):
    text = markdown(summarise_pool(pooled(run(tmp_path / 'a'))))
    row = next(line for line in text.splitlines() if line.startswith('| `base`'))
    assert row.endswith('| near but no grasp 2, never near 2 |') or 'never near 4' in row
    assert '| `frs` | `base` | 4 | 4 | 0 | +100 |' in text
    assert '```sh\nfrs eval --out out/a\n```' in text
    widths = {line.count('|') for line in text.splitlines() if line.startswith('| ')}
    assert len(widths) == 2, 'rows as long as their heads, in two tables'


def sweep(tmp_path):
    a = run(tmp_path / 'a', 'base,frs,frs[strength=0.5],frs[strength=0],frs[steps=8]')
    b = run(tmp_path / 'b', 'frs,frs[wrong_kind=random]', conditions=Conditions(wrong=1.0))
    both = pooled(a, b)
    return summarise_pool(both)['methods'], own_numbers(both)


@pytest.mark.parametrize(
    ('key', 'expected'),
    [
        (
            'strength',
            {'frs': [0, 0.5, 1], 'base': [None], 'frs[steps=8]': [1], 'frs[wrong=1]': [1]},
        ),
        ('steps', {'frs': [4, 8], 'base': [4], 'frs[strength=0.5]': [4]}),
        ('wrong', {'frs': [0, 1], 'frs (random)': [0, 1], 'base': [0]}),
    ],
)
def test_sweep_lines_up_methods_that_differ_in_one_setting(tmp_path, key, expected):
    found = series(*sweep(tmp_path)[:1], key, {'steps': 4, 'replan': 3})
    values = {
        label: sorted((value for value, _ in points), key=lambda v: -1 if v is None else v)
        for label, points in found.items()
    }
    assert values.items() >= expected.items()


def test_own_numbers_come_from_the_results(tmp_path):
    assert sweep(tmp_path)[1] == {'steps': 4, 'replan': 3}


def test_sweep_needs_several_values(tmp_path):
    methods, own = sweep(tmp_path)
    with pytest.raises(ConfigError, match="several values of 'spread'"):
        series(methods, 'spread', own)


PLOTS = ('rates', 'failures', 'nfe', 'latency', 'strength', 'wrong', 'steps', 'guidance')


def test_every_image_is_drawn_and_none_is_another(tmp_path, capsys):
    a = run(tmp_path / 'a', 'base,frs,frs[strength=0.5],frs[steps=8],frs[guidance=random]')
    b = run(tmp_path / 'b', 'frs', conditions=Conditions(wrong=1.0))
    images = set()
    for plot in PLOTS:
        file = tmp_path / f'{plot}.png'
        assert main(['report', str(a), str(b), '--plot', plot, '--out', str(file)]) == 0
        image = cv2.imread(str(file))
        assert image.std() > 5, 'something is drawn'
        images.add(image.tobytes())
    assert len(images) == len(PLOTS)


def test_report_writes_each_kind_of_file(tmp_path, capsys):
    a = run(tmp_path / 'a')
    files = [tmp_path / f'new/report.{ending}' for ending in ('md', 'json', 'png')]
    assert main(['report', str(a), *(f'--out={file}' for file in files)]) == 0
    assert capsys.readouterr().out == f'written: {", ".join(map(str, files))}\n'
    assert json.loads(files[1].read_text())['methods'][1]['successes'] == 4
    assert main(['report', str(a)]) == 0
    assert capsys.readouterr().out == files[0].read_text()
    assert main(['report', str(a), '--methods', 'frs']) == 0
    assert '`base`' not in capsys.readouterr().out


def test_page_is_made_anew_between_its_comments(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(tmp_path / 'out/a')
    page = tmp_path / 'docs' / 'results.md'
    page.parent.mkdir()
    page.write_text(
        f'# Results\n\n<!-- frs report out/a -->\nold\n{END}\n\nprose stays\n\n'
        "<!-- frs report out/a --plot failures --out images/f.png --title 'How it ends' -->\n"
        f'{END}\n'
    )
    assert main(['report', '--page', 'docs/results.md']) == 0
    text = page.read_text()
    assert 'old' not in text
    assert '| `frs` | 4/4 | 100 % |' in text
    assert 'prose stays' in text
    assert '![How it ends](images/f.png)' in text
    assert (tmp_path / 'docs/images/f.png').is_file()
    assert main(['report', '--page', 'docs/results.md']) == 0
    assert page.read_text() == text, 'making it again changes nothing'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('nothing', 'no block'),
        ('<!-- frs report a -->', 'has no'),
        (f'<!-- frs report a --> <!-- frs report b --> {END}', 'begins before'),
    ],
)
def test_page_with_damaged_blocks_is_refused(text, words):
    with pytest.raises(DataError, match=words):
        regenerate(text, lambda arguments: '')


def test_page_is_left_alone_if_a_block_fails(tmp_path, capsys):
    page = tmp_path / 'page.md'
    page.write_text(f'<!-- frs report /nowhere/run -->\nold\n{END}\n')
    assert main(['report', '--page', str(page)]) == 2
    assert '/nowhere/run holds no evaluation' in capsys.readouterr().err
    assert 'old' in page.read_text()


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        ([], 'give the folder of an evaluation'),
        (['{run}', '--out', 'x.pdf'], '--out ends in .md, .json, .png'),
        (['{run}', '--page', 'x.md'], 'give it alone'),
        (['--page', '/nowhere/x.md'], 'there is no page'),
        (['/nowhere'], 'holds no evaluation'),
        (['{run}', '--compare', 'frs'], '--compare takes two methods'),
        (['{run}', '--compare', 'frs,direct'], "method 'direct' was not evaluated"),
        (['{run}', '--methods', 'direct'], 'there are: base, frs'),
        (['{run}', '--against', 'direct'], 'there are: base, frs'),
        (['{run}', '--plot', 'beauty', '--out', '{run}/x.png'], "several values of 'beauty'"),
    ],
)
def test_what_cannot_be_reported_is_one_line(tmp_path, capsys, arguments, words):
    folder = str(run(tmp_path / 'run'))
    assert main(['report', *(text.replace('{run}', folder) for text in arguments)]) == 2
    line = capsys.readouterr().err
    assert words in line
    assert line.count('\n') == 1
