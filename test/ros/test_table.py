# SPDX-License-Identifier: Apache-2.0
"""The node table: arguments to processes, for launch files and `frs up` alike."""

from __future__ import annotations

import re

import pytest

from frs_ros import cli
from frs_ros.bringup.graph import OURS, Graph, Row
from frs_ros.bringup.graphs import GRAPHS
from frs_ros.bringup.graphs.libero import LIBERO
from frs_ros.bringup.table import NODES
from frs_ros.errors import ConfigError


def overrides(**given: str) -> dict[str, dict]:
    return {p.row.node: dict(p.overrides) for p in LIBERO.processes(given)}


def test_every_node_of_the_table_exists(repository):
    rows = [row for graph in GRAPHS.values() for row in graph.rows]
    nodes = {row.node for row in rows if row.package == OURS and not row.program}
    for node in nodes:
        assert node in NODES
        assert (repository.package / 'nodes' / f'{node}_node.py').is_file()
    for path in (repository.package / 'nodes').glob('*_node.py'):
        assert path.name.removesuffix('_node.py') in NODES


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=lambda graph: graph.name)
def test_every_argument_sets_a_parameter_and_is_described(graph):
    kinds = {row.label: row.node for row in graph.rows}
    for argument in graph.arguments:
        if argument.sets is not None:
            label, parameter = argument.sets
            assert parameter in NODES[kinds[label]].__dataclass_fields__
        assert graph.help(argument).split(' Default: ')[0]


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=lambda graph: graph.name)
def test_conditions_name_arguments_and_values_that_exist(graph):
    arguments = {argument.name: argument for argument in graph.arguments}
    for row in graph.rows:
        for name, values in row.only_if.items():
            assert set(values) <= set(arguments[name].words)


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=lambda graph: graph.name)
def test_processes_have_names_of_their_own(graph):
    takes = {argument.name for argument in graph.arguments}
    given = {'checkpoint': 'mini'} if 'checkpoint' in takes else {}  # an arm has none of its own
    names = [process.row.label for process in graph.processes(given)]
    assert len(names) == len(set(names))


def test_a_namespace_holds_every_node_of_the_graph():
    processes = LIBERO.processes({'namespace': '/left/arm', 'record': 'bags'})
    assert {p.label for p in processes} > {'left/arm/libero_bridge', 'left/arm/recorder'}
    assert all('__ns:=/left/arm' in p.command for p in processes)
    assert processes[0].supervised().name == processes[0].label


def test_nodes_are_given_their_enclaves_where_security_is_switched_on(monkeypatch):
    def enclaves():
        commands = [p.command for p in GRAPHS['droid'].processes({'checkpoint': 'mini'})]
        return [c[c.index('--enclave') + 1] for c in commands if '--enclave' in c]

    monkeypatch.delenv('ROS_SECURITY_ENABLE', raising=False)
    assert enclaves() == []
    monkeypatch.setenv('ROS_SECURITY_ENABLE', 'true')
    assert {'/frs/policy_server', '/frs/wrist_camera', '/frs/franka_controller'} < set(enclaves())


@pytest.mark.parametrize('name', ['left arm', '9', 'links/', 'lïnks', '//a', '~x', 'a-b'])
def test_a_namespace_that_ros_forbids_is_refused(name):
    with pytest.raises(ConfigError, match='must be letters, digits and underscores'):
        LIBERO.processes({'namespace': name})


def test_what_is_not_given_is_left_to_the_files():
    assert overrides() == {
        'policy_server': {'guidance_sync': 'stamped'},
        'oracle_guidance': {},
        'libero_bridge': {},
    }


def test_empty_value_is_none_given():
    assert overrides(guidance='', task_id='') == overrides()


def test_values_get_the_type_of_their_parameter():
    made = overrides(task_id='3', method='base', magnitude='1', guidance='oracle', suite='')
    assert made['libero_bridge'] == {'task_id': 3}
    assert made['policy_server']['method'] == 'base'
    assert made['oracle_guidance'] == {'magnitude': 1.0}
    assert overrides(**{'libero_bridge.view_every': '2'})['libero_bridge'] == {'view_every': 2}


@pytest.mark.parametrize(('who', 'sync'), [('keyboard', 'latest'), ('none', 'none')])
def test_guidance_selects_nodes_and_how_the_server_listens(who, sync):
    made = overrides(guidance=who)
    assert 'oracle_guidance' not in made
    assert made['policy_server'] == {'guidance_sync': sync}


@pytest.mark.parametrize(
    ('word', 'named'),
    [
        ('task:=3', "unknown argument of graph libero 'task'"),
        ('task_id:=three', "parameter task_id must be int, not 'three'"),
        ('task_id:=-1', 'parameter task_id is -1'),
        ('suite:=libero_kitchen', "unknown suite 'libero_kitchen'"),
        ('guidance:=mouse', "unknown guidance 'mouse'"),
        ('robot.speed:=1', "unknown node of graph libero 'robot'"),
        ('libero_bridge.speed:=1', "unknown parameter of node libero_bridge 'speed'"),
        ('task_id=3', "'task_id=3' is not of the form key:=value"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(capsys, word, named):
    assert cli.main(['up', 'libero', word]) == 2
    error = capsys.readouterr().err
    assert named in error
    assert len(error.splitlines()) == 1


def test_unknown_graph(capsys):
    assert cli.main(['up', 'droids']) == 2
    assert (
        "unknown graph 'droids'; choose one of: droid, droid_sim, libero, replay"
        in capsys.readouterr().err
    )


def test_texts_survive_the_command_line_of_ros(ros):
    """Whatever a text looks like, rcl must hand it to the node as that text."""
    given = {'instruction': 'it\'s: {3} "x" # 7', 'assets': '12'}
    process = next(p for p in LIBERO.processes(given) if p.row.node == 'libero_bridge')
    ros_args = process.command[process.command.index('--ros-args') :]
    node = ros.node(
        'libero_bridge', cli_args=ros_args, automatically_declare_parameters_from_overrides=True
    )
    for name, value in given.items():
        assert node.get_parameter(name).value == value
    assert node.get_parameter('seed').value == 7  # from the parameter file


def test_config_that_is_missing_is_named(monkeypatch):
    graph = Graph('x', 'of nobody', (Row('nobody'),), ())
    with pytest.raises(ConfigError, match=r'config/nobody.yaml is not installed'):
        graph.processes({})


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=lambda graph: graph.name)
def test_document_repeats_the_arguments(repository, graph):
    text = (repository.root / 'docs' / 'graph.md').read_text()
    section = text.split(f'## Arguments of `{graph.name}`')[1].split('\n## ')[0]
    rows = re.findall(r'^\| `(\w+)` \| (.+?) \| (.+) \|$', section, re.MULTILINE)
    targets = ['`{}.{}`'.format(*a.sets) if a.sets else 'several' for a in graph.arguments]
    wanted = zip(graph.arguments, targets)
    assert rows == [(a.name, target, graph.help(a)) for a, target in wanted]
