# SPDX-License-Identifier: Apache-2.0
"""Parameters: declared from dataclasses, checked, and the same in YAML and documents."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from dataclasses import dataclass

import pytest
import yaml

from frs_ros.errors import ConfigError
from frs_ros.ros.options import meta, parameter, validated
from frs_ros.serving.planner import steerer_from

pytest.importorskip('rclpy')

from frs_ros.bringup.table import NODES
from frs_ros.ros.parameters import declare, on_change


@dataclass(frozen=True)
class Example:
    rate: float = parameter(50.0, 'Rate, Hz.', low=1.0, high=100.0, live=True)
    count: int = parameter(3, 'Number of things.', low=0, high=9)
    mode: str = parameter('slow', 'How.', choices=('slow', 'fast'), live=True)
    name: str = parameter('', 'Any text.')


@dataclass(frozen=True)
class Live:
    mode: str = parameter('slow', 'How.', choices=('slow', 'fast'), live=True)
    name: str = parameter('{}', 'JSON.', live=True)


@pytest.fixture
def make_node(ros):
    def make(*overrides: str):
        arguments = ['--ros-args', *(word for o in overrides for word in ('-p', o))]
        return ros.node(
            'example',
            cli_args=arguments,
            automatically_declare_parameters_from_overrides=True,
        )

    return make


def test_defaults_and_descriptors(make_node):
    node = make_node()
    assert declare(node, Example) == Example()
    rate = node.describe_parameter('rate')
    assert (rate.description, rate.read_only) == ('Rate, Hz.', False)
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (
        1,
        100,
    )
    count = node.describe_parameter('count')
    assert count.read_only
    assert count.integer_range[0].to_value == 9
    assert node.describe_parameter('mode').additional_constraints == 'one of: slow, fast'


def test_overrides_with_whole_numbers_and_number_like_names(make_node):
    values = declare(make_node('rate:=5', 'count:=0', 'mode:=fast', 'name:=12'), Example)
    assert values == Example(5.0, 0, 'fast', '12')


@pytest.mark.parametrize(
    ('override', 'named'),
    [
        ('rat:=5.0', "unknown parameter of node example 'rat'"),
        ('rate:=0.5', r'rate is 0.5; it must be within \[1.0, 100.0\]'),
        ('rate:=.nan', 'rate is nan'),
        ('count:=2.5', 'count must be int'),
        ('count:=true', 'count must be int'),
        ('mode:=swift', 'choose one of: fast, slow'),
        ('rate:=[1.0]', 'rate must be float'),
    ],
)
def test_wrong_overrides_are_named(make_node, override, named):
    with pytest.raises(ConfigError, match=named):
        declare(make_node(override), Example)


def test_live_changes(make_node):
    from rclpy.parameter import Parameter

    node, seen = make_node(), []

    def apply(values):
        if values.rate == 13.0:
            raise ConfigError('13 brings bad luck')
        seen.append(values)

    on_change(node, declare(node, Example), apply)

    def change(name, value):
        return node.set_parameters([Parameter(name, value=value)])[0]

    assert change('rate', 20.0).successful
    assert change('mode', 'fast').successful
    assert seen[-1] == Example(20.0, 3, 'fast')
    refused = change('rate', 13.0)
    assert (refused.successful, refused.reason) == (False, '13 brings bad luck')
    assert 'choose one of' in change('mode', 'swift').reason
    assert not change('count', 4).successful  # read only
    assert change('mode', 'slow').successful
    assert seen[-1] == Example(20.0, 3, 'slow')  # nothing of the refused changes has stayed


def test_what_is_nested_without_end_is_refused_and_the_node_lives(make_node):
    """The policy server's own way, with a value that once ended it by a RecursionError."""
    from rclpy.parameter import Parameter

    node = make_node()

    def apply(values):
        if values.mode == 'fast':
            raise TypeError('not\nforeseen')
        steerer_from('frs', values.name)

    on_change(node, declare(node, Live), apply)

    def change(**values):
        parameters = [Parameter(name, value=value) for name, value in values.items()]
        return node.set_parameters_atomically(parameters)

    for options in ('[' * 100_000, '[' * 9_000, '{"a":' * 1_000):
        refused = change(name=options)
        assert not refused.successful
        assert refused.reason.isprintable()
        assert 0 < len(refused.reason) < 500
    refused = change(mode='fast')
    assert (refused.successful, refused.reason) == (False, 'TypeError: not foreseen')
    assert change(name='{"strength": 0.5}').successful


@pytest.mark.parametrize('node', NODES)
def test_yaml_repeats_the_defaults(node, repository):
    text = (repository.root / 'config' / f'{node}.yaml').read_text()
    values = yaml.safe_load(text)['/**']['ros__parameters']
    kind = NODES[node]
    assert list(values) == [f.name for f in dataclasses.fields(kind)]
    assert validated(kind, values) == kind()
    for f in dataclasses.fields(kind):
        first = ' '.join(meta(f).description.split()[:4])
        assert first in text, f'{f.name} is not described in config/{node}.yaml'


@pytest.mark.parametrize('node', NODES)
def test_document_repeats_the_parameters(node, repository):
    section = sections(repository)[node]
    rows = re.findall(r'^\| `(\w+)` \| (\w+) \| `(.*?)` \| (.+?) \|$', section, re.MULTILINE)
    expected = [
        (f.name, type(f.default).__name__, str(f.default), meta(f).description)
        for f in dataclasses.fields(NODES[node])
    ]
    assert [row[:3] for row in rows] == [e[:3] for e in expected]
    for row, wanted in zip(rows, expected):
        assert row[3].startswith(wanted[3]), row[0]


def sections(repository) -> dict[str, str]:
    """Sections of docs/graph.md by node name."""
    text = (repository.root / 'docs' / 'graph.md').read_text()
    parts = re.split(r'^### `(\w+)`$', text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


TABLE = re.compile(r'^(Inputs|Outputs):\n\n\| Name .*\n\|[-|]+\n((?:\|.*\n)+)', re.MULTILINE)
NOT_OURS = ('/rosout', '/parameter_events', '/clock')


def documented(repository, node: str) -> dict[str, dict[str, str]]:
    """'Inputs' and 'Outputs' of docs/graph.md: topic -> type."""
    return {
        kind: dict(re.findall(r'^\| `/?(.+?)` \| (\S+) \|', rows, re.MULTILINE))
        for kind, rows in TABLE.findall(sections(repository)[node])
    }


def actual(pairs) -> dict[str, str]:
    return {name.lstrip('/'): types[0] for name, types in pairs if name not in NOT_OURS}


@pytest.mark.parametrize(
    'name',
    [
        'policy_server',
        'oracle_guidance',
        'libero_bridge',
        'markers',
        'franka_controller',
        'recorder',
        'trainer',
    ],
)
def test_document_repeats_the_topics(ros, node_process, checkpoint, repository, tmp_path, name):
    """The nodes' own publishers and subscriptions, as the graph reports them."""
    extra = {
        'policy_server': ['-p', f'checkpoint:={checkpoint}'],
        'libero_bridge': ['-p', 'assets:=standin', '-p', 'view_every:=1'],
        'recorder': ['-p', f'directory:={tmp_path}', '-p', 'min_free_gb:=0.01'],
        'trainer': ['-p', f'out:={tmp_path}/dataset'],
    }
    node_process(name, *extra.get(name, []))
    node, expected = ros.node(), documented(repository, name)

    def topics() -> dict[str, dict[str, str]]:
        if (name, '/') not in node.get_node_names_and_namespaces():
            return {}
        inputs = actual(node.get_subscriber_names_and_types_by_node(name, '/'))
        outputs = actual(node.get_publisher_names_and_types_by_node(name, '/'))
        return {'Inputs': inputs, 'Outputs': outputs}

    with contextlib.suppress(TimeoutError, pytest.fail.Exception):
        ros.wait_for(lambda: topics() == expected, 30.0)
    assert topics() == expected, f'{name} and docs/graph.md differ'
