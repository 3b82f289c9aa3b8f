# SPDX-License-Identifier: Apache-2.0
"""Imports run one way, and only ros/ and nodes/ know ROS."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter

import pytest

RANK = {
    '': 0,
    'types': 0,
    'errors': 0,
    'text': 0,
    'files': 0,
    'folders': 0,
    'documents': 0,
    'episodes': 0,
    'lifeline': 0,
    'program': 0,
    'workers': 0,
    'flow': 1,
    'policies': 1,
    'steering': 2,
    'guidance': 2,
    'safety': 2,
    'robot': 2,
    'cameras': 2,
    'sim': 2,
    'data': 2,
    'learning': 2,
    'demo': 2,
    'ros': 3,
    'msg': 3,
    'nodes': 4,
    'doctor': 4,
    'commands': 5,
    'cli': 5,
}
KNOWS_ROS = {'ros', 'nodes'}
ROS = re.compile(r'(rclpy|(rcl|builtin)_interfaces|\w+_msgs|launch\w*|frs_ros\.msg)(\.|$)')
PARSES = re.compile(r'(json|yaml)\.\w*(load|parse|scan|compose|Loader|Decoder)\w*$')
PARSERS = {'frs_ros.documents'}
HEAVY = re.compile(r'(torch|mujoco|libero|robosuite|matplotlib|scipy|cv2|h5py|rclpy)(\.|$)')


def within(modules):
    """(importer, imported name, imported layer) for imports inside the package."""
    for module in modules.values():
        for name in module.imports:
            if name.split('.')[0] == 'frs_ros':
                yield module, name, [*name.split('.'), ''][1]


def test_every_layer_has_a_rank(modules):
    assert {m.layer for m in modules.values()} <= set(RANK)


def test_imports_run_one_way(modules):
    wrong = [
        f'{module.name} imports {name}'
        for module, name, layer in within(modules)
        if RANK[layer] > RANK[module.layer]
    ]
    assert not wrong, 'a lower layer imports a higher one'


def test_only_ros_and_nodes_import_ros(modules):
    wrong = [
        f'{module.name} imports {name}'
        for module in modules.values()
        for name in module.imports
        if module.layer not in KNOWS_ROS and ROS.match(name)
    ]
    assert not wrong


def test_no_import_cycle(modules):
    graph = {m.name: {i for i in m.imports if i in modules} - {m.name} for m in modules.values()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail('import cycle: ' + ' <- '.join(error.args[1]))


def test_package_files_import_nothing_heavy(modules):
    wrong = [
        f'{module.name} imports {name}'
        for module in modules.values()
        for name in module.imports
        if module.path.name == '__init__.py' and HEAVY.match(name)
    ]
    assert not wrong


def test_every_node_has_a_main(modules):
    nodes = [m for m in modules.values() if m.path.match('nodes/*_node.py')]
    assert nodes
    missing = [m.name for m in nodes if not re.search(r'^def main\(', m.path.read_text(), re.M)]
    assert not missing, 'CMakeLists.txt makes a program of each'


def test_only_one_module_parses_json_and_yaml(modules):
    """The limits of `frs_ros.documents` hold everywhere; writing either is free."""
    wrong = [
        f'{module.name}:{line} {name}'
        for module in modules.values()
        if module.name not in PARSERS
        for name, line in _named(ast.parse(module.path.read_text()))
        if PARSES.match(name)
    ]
    assert not wrong


def _named(tree):
    """('json.loads', line) of every attribute of a module and every name imported from one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f'{node.value.id}.{node.attr}', node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield from ((f'{node.module}.{alias.name}', node.lineno) for alias in node.names)


@pytest.mark.parametrize('text', ['json.loads("1")', 'yaml.CSafeLoader', 'from json import load'])
def test_parsing_is_found(text):
    assert any(PARSES.match(name) for name, _ in _named(ast.parse(text)))


def test_every_process_of_ours_is_started_by_the_one_function(modules):
    """`python -m` and `multiprocessing` run what lies in the current folder."""
    other = re.compile(r"""['"]-m['"]|-m frs_ros|sys\.executable,|\.get_context\(""")
    found = [
        f'{module.name}: {line.strip()}'
        for module in modules.values()
        if module.name != 'frs_ros.program'
        for line in module.path.read_text().splitlines()
        if other.search(line)
    ]
    assert not found
