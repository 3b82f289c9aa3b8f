# SPDX-License-Identifier: Apache-2.0
"""Options of a method as text: one grammar for parameters, launch arguments and `frs eval`."""

from __future__ import annotations

import pytest

from frs_ros.errors import ConfigError
from frs_ros.evaluation.method import Method
from frs_ros.serving.planner import steerer_from
from frs_ros.steering.options import parse_options, written_options
from frs_ros.steering.registry import make_steerer

SPELLED = {
    '': {},
    '  ': {},
    'operator=motion': {'operator': 'motion'},
    'operator=motion gate=true': {'operator': 'motion', 'gate': True},
    'operator=motion,gate=true': {'operator': 'motion', 'gate': True},
    'operator=motion, strength=0.5': {'operator': 'motion', 'strength': 0.5},
    'operator=translation+gripper': {'operator': ['translation', 'gripper']},
    'checkpoint=out/milk/dsbc.safetensors draw=sample': {
        'checkpoint': 'out/milk/dsbc.safetensors',
        'draw': 'sample',
    },
    'gate={"samples":8}': {'gate': {'samples': 8}},
    '{}': {},
    ' {"operator": "motion", "gate": true}': {'operator': 'motion', 'gate': True},
}


@pytest.mark.parametrize('text', SPELLED)
def test_options_are_read(text):
    assert parse_options(text, 'options') == SPELLED[text]
    assert parse_options(written_options(SPELLED[text]), 'options') == SPELLED[text]


@pytest.mark.parametrize(
    ('text', 'named'),
    [
        ('motion', "'motion' is not OPTION=VALUE"),
        ('operator=', 'is not OPTION=VALUE'),
        ('operator=motion operator=all', "'operator' is given twice"),
        ('gate={"samples": 8', 'brackets'),
        ('strength=NaN;', 'is no number, word, path or JSON'),
        ('["operator"]', 'write OPTION=VALUE'),
        ('{"operator": ', 'not readable as JSON'),
    ],
)
def test_what_is_no_option_is_named(text, named):
    with pytest.raises(ConfigError) as error:
        parse_options(text, 'method options')
    assert named in str(error.value)


def test_the_brackets_of_an_evaluation_are_the_same_options():
    inside = 'operator=motion,strength=0.8,gate=true'
    assert Method.parse(f'frs[{inside}]').options == parse_options(inside, 'options')
    one = steerer_from('frs', inside)
    assert one == make_steerer('frs', operator='motion', strength=0.8, gate=True)


def test_the_old_name_of_a_group_of_dimensions_still_works_and_is_said():
    with pytest.warns(FutureWarning, match="'wished' is called 'guided' now"):
        old = make_steerer('frs', operator='wished')
    assert old == make_steerer('frs', operator='guided')
