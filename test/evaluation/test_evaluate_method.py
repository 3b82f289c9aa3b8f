# SPDX-License-Identifier: Apache-2.0
"""The grammar of methods: what it reads, what it refuses, and that labels read back."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.errors import ConfigError
from frs_ros.evaluation.conditions import Conditions
from frs_ros.evaluation.method import Method, parse_methods
from frs_ros.steering.options import split_outside


@pytest.mark.parametrize(
    ('text', 'name', 'magnitude', 'options', 'conditions'),
    [
        ('frs', 'frs', 1.0, {}, {}),
        ('frs@0.5', 'frs', 0.5, {}, {}),
        ('frs[strength=0.5]', 'frs', 1.0, {'strength': 0.5}, {}),
        ('frs[strength=0.5, steps=20]@0.25', 'frs', 0.25, {'strength': 0.5}, {'steps': 20}),
        ('partial_noising[level=0.8]', 'partial_noising', 1.0, {'level': 0.8}, {}),
        ('sample_and_rank[n=64]', 'sample_and_rank', 1.0, {'n': 64}, {}),
        ('frs[gate=true]', 'frs', 1.0, {'gate': True}, {}),
        ('frs[gate={"samples":4}]', 'frs', 1.0, {'gate': {'samples': 4}}, {}),
        ('frs[operator=translation]', 'frs', 1.0, {'operator': 'translation'}, {}),
        ('frs[operator=x+gripper]', 'frs', 1.0, {'operator': ['x', 'gripper']}, {}),
        ('base[instruction=right]', 'base', 1.0, {}, {'instruction': 'right'}),
        ('frs[guidance=random]', 'frs', 1.0, {}, {'guidance': 'random'}),
    ],
)  # fmt: skip
def test_method_is_read(text, name, magnitude, options, conditions):
    method = Method.parse(text)
    assert (method.name, method.magnitude) == (name, magnitude)
    assert (method.options, method.conditions) == (options, conditions)
    assert method.label == text.replace(' ', '')
    assert pickle.loads(pickle.dumps(method)) == method, 'it travels to workers'
    assert method.steerer().name == name


def test_options_reach_the_steerer():
    assert Method.parse('sample_and_rank[n=64]').steerer().n == 64
    assert Method.parse('partial_noising[level=0.8]').steerer().level == 0.8
    assert Method.parse('frs[strength=0.5]').steerer().strength == 0.5


@pytest.mark.parametrize('text', ['frs@', 'frs@0', 'frs@1.5', 'frs@nan', 'frs@fast', 'frs@-1'])
def test_magnitude_must_be_in_range(text):
    with pytest.raises(ConfigError, match=r'number in \(0, 1\]'):
        Method.parse(text)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', "unknown method ''"),
        ('wish', "unknown method 'wish'"),
        ('frs[strength=2]', "'frs[strength=2]': strength must be in [0, 1]"),
        ('frs[strength=NaN]', "'NaN'"),
        ('frs[strngth=1]', "no option 'strngth'"),
        ('frs[]', 'is not OPTION=VALUE'),
        ('frs[strength]', "'strength' is not OPTION=VALUE"),
        ('frs[strength=]', "'strength=' is not OPTION=VALUE"),
        ('frs[strength=1,strength=0]', "option 'strength' is given twice"),
        ('frs[strength=0.5', 'not of the form'),
        ('frs@0.5[strength=0.5]', 'not of the form'),
        ('frs[strength=0.5]]', 'do not match'),
        ('frs[strength=a;b]', "'a;b' is no number, word, path or JSON"),
        ('sample_and_rank[n=0]', 'n must be a whole number from 1'),
        ('partial_noising[level=1]', 'level must be'),
        ('frs[steps=2.5]', 'steps must be a whole number'),
        ('frs[replan=-1]', 'replan must be a whole number'),
        ('frs[wrong=1.5]', 'wrong must be in [0, 1]'),
        ('frs[wrong=0.5,wrong_kind=odd]', "unknown kind of wrong guidance 'odd'"),
        ('frs[guidance=none,wrong=0.5]', 'wrong is about oracle guidance'),
        ('base[guidance=oracle]', 'base follows no guidance'),
        ('base[wrong=0.5]', 'base follows no guidance'),
        ('base[strength=1]', "method 'base' has no option 'strength'"),
    ],
)
def test_what_is_no_method_is_one_clear_line(text, words):
    with pytest.raises(ConfigError) as error:
        Method.parse(text)
    assert words in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('text', 'parts'),
    [
        ('base', ['base']),
        ('base, frs[a=1,b=2]@0.5 ,direct', ['base', 'frs[a=1,b=2]@0.5', 'direct']),
        ('frs[gate={"noise":[4,8]}],base', ['frs[gate={"noise":[4,8]}]', 'base']),
        ('a,,b', ['a', '', 'b']),
    ],
)
def test_commas_in_brackets_do_not_part_methods(text, parts):
    assert split_outside(text) == parts


@pytest.mark.parametrize('text', ['frs[a=1', 'frs]', 'frs[a={]', '][', 'base,frs[a=1,direct'])
def test_brackets_must_match(text):
    with pytest.raises(ConfigError, match=r'brackets in .* do not match'):
        parse_methods(text)


def test_full_label_does_not_depend_on_how_it_was_said():
    common = Conditions(wrong=0.25, replan=10)
    assert Method.parse('frs').full_label(common) == 'frs[replan=10,wrong=0.25]'
    inside = Method.parse('frs[wrong=0.25,replan=10]@1')
    assert inside.full_label(Conditions()) == 'frs[replan=10,wrong=0.25]'
    assert Method.parse('base').full_label(common) == 'base[replan=10]'
    assert Method.parse('base').full_label(Conditions(guidance='none')) == 'base'
    assert Method.parse('frs[wrong_kind=random]').full_label(Conditions()) == 'frs'


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        'strength': st.floats(0, 1),
        'depth': st.floats(0.1, 1),
        'operator': st.sampled_from(['motion', ['translation', 'gripper'], ['gripper']]),
        'gate': st.sampled_from([True, False, {'samples': 4, 'support': [0.3, 0.0]}]),
        'wrong': st.floats(0, 1),
        'wrong_kind': st.sampled_from(['flipped', 'random']),
        'instruction': st.sampled_from(['task', 'none', 'right']),
        'replan': st.integers(0, 50),
        'near_target': st.floats(0.01, 0.1),
    },
)


@given(options=OPTIONS, magnitude=st.sampled_from([1.0, 0.5, 0.25]))
def test_full_label_reads_back(options, magnitude):
    inside = ','.join(f'{key}={json.dumps(value)}' for key, value in options.items())
    method = Method.parse(f'frs[{inside}]@{magnitude}' if inside else f'frs@{magnitude}')
    again = Method.parse(method.full_label(Conditions()))
    assert again.options == method.options
    assert again.magnitude == method.magnitude
    ours, theirs = (m.under(Conditions()).changes() for m in (again, method))
    assert ours == theirs


def test_conditions_of_a_method_come_before_the_common_ones():
    common = Conditions(wrong=0.5, instruction='none', replan=5)
    conditions = Method.parse('frs[replan=10,wrong=0]').under(common)
    assert conditions == Conditions(instruction='none', replan=10)
    assert Method.parse('base').under(common) == Conditions('none', instruction='none', replan=5)


@pytest.mark.parametrize(
    'values',
    [
        {'guidance': 'psychic'},
        {'instruction': 'sung'},
        {'wrong_kind': 'odd'},
        {'wrong': -0.1},
        {'wrong': float('nan')},
        {'wrong': 0.1, 'guidance': 'none'},
        {'wrong': 0.1, 'guidance': 'random'},
        {'replan': -1},
        {'near_target': 0.0},
        {'near_target': 'close'},
        {'steps': True},
    ],
)
def test_conditions_that_make_no_sense_are_refused(values):
    with pytest.raises(ConfigError):
        Conditions(**values)


LEARNED = 'dsbc[checkpoint=out/milk-2/dsbc.safetensors,draw=sample]'


def test_a_learned_method_is_read_with_the_path_of_its_checkpoint():
    method = Method.parse(LEARNED)
    assert method.options == {'checkpoint': 'out/milk-2/dsbc.safetensors', 'draw': 'sample'}
    assert method.steerer().checkpoint == 'out/milk-2/dsbc.safetensors'
    assert Method.parse(method.full_label(Conditions())).options == method.options
    spaced = Method.parse('dsbc[checkpoint="a+b.safetensors"]')
    assert Method.parse(spaced.full_label(Conditions())).options == spaced.options


def test_a_path_can_name_the_task_of_the_episode():
    method = Method.parse('bc[checkpoint=out/{task}_{target}/bc.safetensors,steer=frs]')
    assert Method.parse(method.full_label(Conditions())).options == method.options
    of_task = method.of_task(7, 'milk')
    assert of_task.options == {'checkpoint': 'out/7_milk/bc.safetensors', 'steer': 'frs'}
    assert of_task.label == method.label  # episodes of all tasks are counted together
    plain = Method.parse('frs[strength=0.5,operator=translation+rotation]')
    assert plain.of_task(7, 'milk') == plain


def test_a_learned_method_acts_alone_unless_it_asks_for_guidance():
    common = Conditions(guidance='oracle', wrong=0.2)
    assert Method.parse(LEARNED).under(common).guidance == 'none'
    assert Method.parse(LEARNED).under(common).wrong == 0
    asked = Method.parse('bc[checkpoint=a.safetensors,guidance=oracle]').under(common)
    assert (asked.guidance, asked.wrong) == ('oracle', 0.2)
    labels = {
        Method.parse(f'bc[checkpoint=a.safetensors{more}]').full_label(Conditions())
        for more in ('', ',guidance=oracle')
    }
    assert len(labels) == 2  # results of the two must not be pooled
