# SPDX-License-Identifier: Apache-2.0
import json
import os
import shlex
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch

from frs_ros.cli import build_parser
from frs_ros.commands.eval import add_arguments as eval_arguments
from frs_ros.commands.eval import settings_from
from frs_ros.commands.options import command_line
from frs_ros.commands.task_selection import parse_tasks
from frs_ros.errors import ConfigError
from frs_ros.folders import locked
from frs_ros.policies.memory import release_memory

ROOT = Path(__file__).parents[2]
SPLIT = {'trained': [0, 2], 'heldout': [5, 6]}


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('5,6,7', (5, 6, 7)),
        ('0-2', (0, 1, 2)),
        ('7, 0-1', (7, 0, 1)),
        ('all', tuple(range(10))),
        ('heldout', (5, 6)),
        ('trained,5', (0, 2, 5)),
        ('3,2-4', (3, 2, 4)),
    ],
)
def test_tasks_are_numbers_ranges_and_names(text, expected):
    assert parse_tasks(text, 10, SPLIT) == expected


@pytest.mark.parametrize('text', ['', '10', '4-2', '-1', '8-10', 'some', '1,,2', '1.5'])
def test_unknown_tasks_are_refused(text):
    with pytest.raises(ConfigError, match='unknown task'):
        parse_tasks(text, 10, SPLIT)


def arguments(weights, out, **changes):
    values = {
        'tasks': 'heldout',
        'checkpoint': weights,
        'assets': 'standin',
        'trials': 1,
        'first-init': 30,
        'out': out,
    } | changes
    return ['eval', *(f'--{key}={value}' for key, value in values.items())]


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'suite': 'libero_kitchen'}, "unknown suite 'libero_kitchen'; choose one of: libero_10"),
        ({'tasks': '12'}, "unknown task '12'; the suite has tasks 0 to 9"),
        ({'tasks': 'mine'}, 'trained, untrained, heldout, all'),
        ({'methods': 'base,wish'}, "unknown method 'wish'; choose one of: base, bc, direct, dsbc"),
        ({'methods': 'direct@2'}, 'number in (0, 1]'),
        ({'guidance': 'astrology'}, "unknown guidance 'astrology'; choose one of: none, oracle"),
        ({'methods': 'frs[strength=2]'}, "'frs[strength=2]': strength must be in [0, 1]"),
        ({'methods': 'frs[taste=2]'}, "has no option 'taste'; it has: "),
        ({'methods': 'frs[strength=0.5'}, 'brackets'),
        ({'methods': 'frs,frs@1'}, 'is listed twice'),
        ({'methods': 'frs[replan=11]'}, "'frs[replan=11]': replan 11 is longer than a chunk"),
        (
            {'methods': 'frs[operator=joint_1]'},
            "'frs[operator=joint_1]': unknown operator 'joint_1'",
        ),
        ({'replan': 11}, 'this policy plans 10 actions'),
        ({'steps': -1}, 'steps must be a whole number from 1'),
        ({'wrong': 1.5}, 'wrong must be in [0, 1]'),
        ({'wrong': 0.5, 'guidance': 'none'}, 'wrong is about oracle guidance'),
        ({'wrong-kind': 'odd'}, "unknown kind of wrong guidance 'odd'"),
        ({'instruction': 'right'}, "never told 'pick up the alphabet soup"),
        ({'methods': 'base[instruction=right]'}, "Choose among the 'trained' tasks"),
        ({'compare': 'frs'}, '--compare takes two methods'),
        ({'compare': 'frs,direct@0.5'}, "--compare names 'direct@0.5', which is none of"),
        ({'instruction': 'loud'}, "unknown instruction 'loud'"),
        ({'checkpoint': '/nowhere/x.safetensors'}, "no checkpoint at '/nowhere/x.safetensors'"),
        ({'assets': '/nowhere'}, '/nowhere'),
        ({'trials': 30}, 'needs init states up to 59, but there are only 0 to 49'),
        ({'trials': 0}, 'at least one'),
        ({'suite': 'libero_goal', 'target': 'other'}, 'in libero_object only, not libero_goal'),
        ({'suite': 'libero_goal', 'target': 'milk'}, 'in libero_object only, not libero_goal'),
        ({'suite': 'libero_spatial', 'layout': 'shuffled'}, 'give --instruction none'),
        ({'workers': 0}, '--workers must be at least 1'),
        ({'seed': -1}, 'negative'),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_made(
    checkpoint, tmp_path, refused, change, words
):
    assert words in refused(*arguments(checkpoint, tmp_path / 'out', **change))
    assert not (tmp_path / 'out').exists()


def test_folder_that_another_run_writes_is_refused(checkpoint, tmp_path, refused):
    argv = ['eval', '--checkpoint', checkpoint, '--tasks', '4', '--out', tmp_path]
    with locked(tmp_path):
        line = refused(*argv)
    assert f'{tmp_path} is in use by process {os.getpid()} on ' in line
    assert not list(tmp_path.iterdir())


def test_folder_with_other_settings_is_refused(checkpoint, tmp_path, refused):
    (tmp_path / 'settings.json').write_text('{"suite": "libero_goal"}')
    (tmp_path / 'episodes.jsonl').write_text('one\n')
    assert 'suite was libero_goal, is libero_object' in refused(*arguments(checkpoint, tmp_path))


@pytest.mark.parametrize('command', ['eval', 'bench plan'])
def test_truncated_checkpoint_is_named(checkpoint, tmp_path, refused, command):
    cut = tmp_path / 'cut.safetensors'
    cut.write_bytes(checkpoint.read_bytes()[:-1000])
    cut.with_suffix('.json').write_bytes(checkpoint.with_suffix('.json').read_bytes())
    evaluating = arguments(cut, tmp_path / 'out')
    line = refused(*(evaluating if command == 'eval' else ['bench', 'plan', '--checkpoint', cut]))
    assert str(cut) in line
    assert 'truncated' in line


def test_split_comes_from_the_instructions_the_checkpoint_knows(checkpoint, tmp_path):
    def tasks(text):
        argv = arguments(checkpoint, tmp_path, tasks=text)
        return settings_from(build_parser(argv).parse_args(argv)).tasks

    assert tasks('trained') == (4, 9)
    assert tasks('heldout') == (0, 1, 2, 3, 5, 6, 7, 8)


def test_held_out_is_what_training_held_out(tmp_path):
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    held_out = ['milk', 'put the bowl on the stove', 'put the bowl on the plate']
    weights = tmp_path / 'policy.safetensors'
    path = save_policy(random_policy(), weights, {'data': {'held_out': held_out}})

    def heldout(suite):
        argv = arguments(path, tmp_path, suite=suite)
        return settings_from(build_parser(argv).parse_args(argv)).tasks

    assert heldout('libero_object') == (7,)
    assert heldout('libero_goal') == (1, 8)
    assert heldout('libero_spatial') == tuple(range(10))  # nothing of it was trained or held out


def settings_for(argv):
    return settings_from(build_parser(argv).parse_args(argv))


def test_right_instruction_is_for_tasks_whose_words_the_policy_knows(checkpoint, tmp_path):
    argv = arguments(checkpoint, tmp_path, tasks='trained', instruction='right')
    assert settings_for(argv).conditions.instruction == 'right'
    argv = arguments(checkpoint, tmp_path, tasks='all', instruction='right', target='other')
    assert settings_for(argv).target == 'other', 'others are chosen among the known'


def test_several_checkpoints_are_training_seeds(checkpoint, tmp_path):
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    other = save_policy(random_policy(seed=1), tmp_path / 'other.safetensors', {})
    settings = settings_for(arguments(f'{checkpoint},{other}', tmp_path))
    assert settings.checkpoints == (str(checkpoint), str(other))
    assert len(set(settings.digests)) == 2


def test_policies_are_let_go_before_the_next_and_before_the_workers(
    checkpoint, tmp_path, monkeypatch
):
    from frs_ros.policies import checkpoint as module

    other = tmp_path / 'other.safetensors'
    module.save_policy(module.load_policy(checkpoint), other, {'other': True})
    load, loaded, freed = module.load_policy, [], []

    def noted(path):
        assert alive() == 0
        policy = load(path)
        policy.itself = policy  # networks have such rings
        loaded.append(weakref.ref(policy))
        return policy

    def alive():
        return sum(reference() is not None for reference in loaded)

    monkeypatch.setattr(module, 'load_policy', noted)
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: True)
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: freed.append(alive()))
    settings_for(arguments(f'{checkpoint},{other}', tmp_path))
    assert len(loaded) == 2
    assert alive() == 0
    assert freed == [0, 0]


def test_cuda_is_left_alone_where_it_was_not_used(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_initialized', lambda: False)
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: pytest.fail('makes a context'))
    release_memory()


def test_the_same_weights_under_two_names_are_refused(checkpoint, tmp_path, refused):
    copy = tmp_path / 'copy.safetensors'
    for ending in ('.safetensors', '.json'):
        copy.with_suffix(ending).write_bytes(checkpoint.with_suffix(ending).read_bytes())
    assert 'is listed twice' in refused(*arguments(f'{checkpoint},{copy}', tmp_path / 'out'))


def test_names_of_tasks_that_mean_other_tasks_per_checkpoint_are_refused(
    checkpoint, tmp_path, refused
):
    line = refused(*arguments(f'{checkpoint},mini', tmp_path / 'out', tasks='heldout'))
    assert "--tasks 'heldout' means other tasks for each checkpoint" in line


def test_command_is_written_as_it_can_be_repeated():
    methods = 'base,frs[strength=0.5]@0.5'
    given = ['eval', '--seed=7', '--trials=3', f'--methods={methods}', '--out=out/a b']
    given += ['--compare=base,frs[strength=0.5]@0.5', '--workers=1']
    args = build_parser(given).parse_args(given)
    line = command_line('eval', eval_arguments, args, omit=('workers', 'json'))
    assert line == (
        f"frs eval --methods '{methods}' --compare '{methods}' --trials 3 --out 'out/a b'"
    )
    again = shlex.split(line)[1:]
    assert vars(build_parser(again).parse_args(again)) | {'workers': 1} == vars(args)


def test_digest_follows_the_weights(checkpoint, tmp_path):
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    other = save_policy(random_policy(seed=1), tmp_path / 'other.safetensors', {})

    def digest(path):
        argv = arguments(path, tmp_path)
        return settings_from(build_parser(argv).parse_args(argv)).digests

    assert digest(checkpoint) == digest(checkpoint) != digest(other)


def test_bench_plan_writes_json(checkpoint, tmp_path):
    """As a process, as users start it."""
    file = tmp_path / 'bench.json'
    argv = ['bench', 'plan', '--checkpoint', checkpoint, '--trials', '5', '--json', file]
    done = subprocess.run(
        [sys.executable, '-m', 'frs_ros.cli', *map(str, argv)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(file.read_text())
    assert results['plans']['frs'] == {'encodes': 1, 'velocity_evaluations': 20}
    assert results['within_limit'] == (results['frs_over_base'] <= 2)
    assert set(results['ms_p50']) == {'encode', 'velocity', 'velocity_x16', *results['plans']}
    assert results['plans']['sample_and_rank'] == {'encodes': 1, 'velocity_evaluations': 160}
    assert results['rank_within_limit'] == (results['rank_over_base'] <= 4)
    assert f'{results["frs_over_base"]:.2f} plain plans' in done.stdout


def test_each_task_has_the_methods_that_differ_between_tasks():
    from frs_ros.evaluation.method import parse_methods
    from frs_ros.evaluation.settings import EvaluationSettings

    methods = parse_methods('base,dsbc[checkpoint=d/{task}/{target}.safetensors]')
    found = EvaluationSettings('libero_object', (5, 7), methods).methods_of_tasks()
    assert [m.options.get('checkpoint') for m in found] == [
        None,
        'd/5/stock.safetensors',
        'd/7/stock.safetensors',
    ]
