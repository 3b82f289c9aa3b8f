# SPDX-License-Identifier: Apache-2.0
"""Every `ros2 param set` line of the pages and logs, through what the command does with it."""

from __future__ import annotations

import dataclasses
import re
import shlex

import pytest

pytest.importorskip('rclpy')

from rcl_interfaces.msg import Parameter as ParameterMessage
from rclpy.parameter import Parameter, get_parameter_value
from rclpy.serialization import deserialize_message, serialize_message

from frs_ros.bringup.table import NODES
from frs_ros.ros.options import meta, validated
from frs_ros.serving.planner import steerer_from

LINE = re.compile(r'ros2 param set (/\S+) (\w+) (.*?)(?:`|&&|\\|  #|$)')


def lines(repository):
    """(file, node, parameter, value as the shell hands it over)."""
    for path in (repository.root / 'README.md', *sorted((repository.root / 'docs').glob('*.md'))):
        for text in path.read_text(encoding='utf-8').splitlines():
            for node, name, value in LINE.findall(text):
                yield path.name, node, name, value.strip()


def carried(value: str):
    """What arrives at the node: `ros2 param set` reads the value as YAML and sends it."""
    (word,) = shlex.split(value)
    message = ParameterMessage(name='x', value=get_parameter_value(word))
    sent = serialize_message(message)
    return Parameter.from_parameter_msg(deserialize_message(sent, ParameterMessage)).value


def test_lines_of_the_pages_are_valid(repository):
    found = list(lines(repository))
    assert len(found) >= 8
    assert any(value == "''" for *_, value in found)
    for page, node, name, value in found:
        kind = NODES[node.rsplit('/', 1)[-1]]
        where = f'{page}: ros2 param set {node} {name} {value}'
        field = kind.__dataclass_fields__[name]
        assert meta(field).live, where
        given = carried(value)
        assert type(given) is type(field.default), where
        values = validated(kind, {name: given})
        if name == 'method_options':
            steerer_from(values.method, values.method_options)


@pytest.mark.parametrize('text', ['operator=motion', 'operator=motion,gate=true', 'a=1 b=2', ''])
def test_options_survive_the_command(text):
    assert carried(shlex.quote(text)) == text


def test_json_does_not_survive_it():
    """Which is why it is in none of the lines."""
    with pytest.raises(TypeError):
        carried(shlex.quote('{"operator": "motion"}'))


def test_a_number_without_a_point_is_no_float():
    (field,) = (f for f in dataclasses.fields(NODES['oracle_guidance']) if f.name == 'magnitude')
    assert type(carried('1')) is not type(field.default)
    assert type(carried('1.0')) is type(field.default)
