# SPDX-License-Identifier: Apache-2.0
"""Folders stand in one strict order, and ROS is known where it has to be only."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter

import pytest

# A folder imports from folders of the lines above its own only; never from one of its own line.
ORDER = (
    ('types', 'errors', 'text', 'files', 'folders', 'documents', 'lifeline', 'program', 'workers'),
    ('flow',),
    ('policies', 'cameras'),
    ('messages', 'arm'),
    ('guidance', 'safety'),
    ('steering', 'robot', 'sim'),
    ('serving',),
    ('evaluation', 'bags'),
    ('datasets',),
    ('training', 'demo'),
    ('benchmarks',),
    ('msg',),
    ('ros',),
    ('nodes',),
    ('doctor',),
    ('bringup',),
    ('commands',),
    ('cli',),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
SINGLE_FILES = {*ORDER[0], ''}  # they may import each other
KNOWS_ROS = ('ros', 'nodes', 'bringup.listeners', 'bringup.launch_description')
ROS = re.compile(r'(rclpy|(rcl|builtin)_interfaces|\w+_msgs|launch\w*|frs_ros\.msg)(\.|$)')
PARSES = re.compile(r'(json|yaml)\.\w*(load|parse|scan|compose|Loader|Decoder)\w*$')
PARSERS = {'frs_ros.documents'}
HEAVY = re.compile(r'(torch|mujoco|libero|robosuite|matplotlib|scipy|cv2|h5py|rclpy)(\.|$)')


def knows_ros(module):
    """Whether a module may import ROS."""
    return module.startswith(tuple(f'frs_ros.{place}' for place in KNOWS_ROS))


def within(modules):
    """(importer, imported name, imported layer) for imports inside the package."""
    for module in modules.values():
        for name in module.imports:
            if name.split('.')[0] == 'frs_ros':
                yield module, name, [*name.split('.'), ''][1]


def test_every_folder_has_its_place(modules):
    assert {m.layer for m in modules.values()} <= {*RANK, ''}


def test_imports_run_one_way(modules):
    wrong = [
        f'{module.name} imports {name}'
        for module, name, layer in within(modules)
        if layer != module.layer
        and not {layer, module.layer} <= SINGLE_FILES
        and RANK.get(layer, 0) >= RANK.get(module.layer, 0)
    ]
    assert not wrong, 'a folder imports from one beside or above it'


def test_ros_is_imported_at_the_edge_only(modules):
    wrong = [
        f'{module.name} imports {name}'
        for module in modules.values()
        for name in module.imports
        if not knows_ros(module.name) and ROS.match(name)
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
