# SPDX-License-Identifier: Apache-2.0
"""config/security/policy.xml allows what docs/graph.md says of a node, and little else."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from xml.etree import ElementTree

import pytest

TABLE = re.compile(r'^(Inputs|Outputs):\n\n\| Name .*\n\|[-|]+\n((?:\|.*\n)+)', re.MULTILINE)
SERVICES = re.compile(r'^Services .*\n\n\| Name .*\n\|[-|]+\n((?:\|.*\n)+)', re.MULTILINE)
NODES = (
    'policy_server',
    'oracle_guidance',
    'human_guidance',
    'libero_bridge',
    'markers',
    'camera',
    'franka_controller',
    'recorder',
    'trainer',
)


@pytest.fixture(scope='module')
def policy(repository):
    """Enclave -> what is allowed ('publish', 'subscribe', 'reply', ...) -> full names."""
    tree = ElementTree.parse(repository.root / 'config' / 'security' / 'policy.xml')
    enclaves = {}
    for enclave in tree.iter('enclave'):
        allowed: dict[str, set[str]] = {}
        for profile in enclave.iter('profile'):
            for rules in profile:
                for how, word in rules.items():
                    assert word == 'ALLOW'
                    names = {full(entry.text, profile.get('node')) for entry in rules}
                    allowed.setdefault(how, set()).update(names)
        enclaves[enclave.get('path')] = allowed
    return enclaves


def full(name, node):
    return name if name[0] == '/' else f'/{node}{name[1:]}' if name[0] == '~' else f'/{name}'


def covered(name, patterns):
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def section(repository, node):
    text = (repository.root / 'docs' / 'graph.md').read_text()
    return text.split(f'### `{node}`\n')[1].split('\n### ')[0]


@pytest.mark.parametrize('node', NODES)
def test_what_a_node_is_documented_to_do_is_allowed(policy, repository, node):
    text = section(repository, node)
    allowed = policy[f'/frs/{node}']
    verbs = {'Inputs': 'subscribe', 'Outputs': 'publish'}
    tables = TABLE.findall(text)
    assert tables
    for kind, rows in tables:
        names = re.findall(r'^\| `(\S+)` \| \S+/msg/', rows, re.MULTILINE)
        missing = {n for n in names if not covered(full(n, node), allowed[verbs[kind]])}
        assert (kind, missing) == (kind, set())
    services = ''.join(re.findall(SERVICES, text))
    for name in re.findall(r'`(~/\w+)`', services):
        assert covered(full(name, node), allowed['reply']), name


def test_every_node_of_a_graph_has_an_enclave(policy):
    from frs_ros.bringup.graphs import GRAPHS

    rows = {row.label for graph in GRAPHS.values() for row in graph.rows if not row.program}
    without = {'bag_player', 'mock_controller'}  # they speak for cameras, people and arms
    assert {f'/frs/{label}' for label in rows - without} <= set(policy)


@pytest.mark.parametrize(
    ('topic', 'speakers'),
    [
        ('action_chunk', {'policy_server'}),
        ('steering_report', {'policy_server'}),
        ('plan_request', {'franka_controller', 'libero_bridge'}),
        ('robot_state', {'franka_controller', 'libero_bridge'}),
        ('safety_status', {'franka_controller'}),
        ('privileged_scene', {'libero_bridge'}),
        ('guidance', {'human_guidance', 'oracle_guidance'}),
        ('guidance_path', set()),
        ('episode', {'human_guidance', 'franka_controller', 'libero_bridge', 'recorder'}),
        ('forward_position_controller/commands', {'franka_controller'}),
    ],
)
def test_nobody_else_may_say_what_moves_an_arm(policy, topic, speakers):
    may = {path for path, allowed in policy.items() if covered(f'/{topic}', allowed['publish'])}
    assert may == {f'/frs/{node}' for node in speakers}


def test_only_the_operator_and_the_hold_key_call_services_of_the_controller(policy):
    may = {
        path
        for path, allowed in policy.items()
        if covered('/franka_controller/resume', allowed.get('request', ()))
    }
    assert may == {'/frs/operator'}
    assert policy['/frs/human_guidance']['request'] == {'/franka_controller/hold'}


def test_only_the_controller_answers_for_the_controller(policy):
    answer = {
        path
        for path, allowed in policy.items()
        if covered('/franka_controller/hold', allowed.get('reply', ()))
    }
    assert answer == {'/frs/franka_controller'}
