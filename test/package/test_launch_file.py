# SPDX-License-Identifier: Apache-2.0
"""The launch files, where the real `launch` is; `frs up` starts the same graphs elsewhere."""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

# `launch` alone would also find the folder of that name beside this package.
if importlib.util.find_spec('launch_ros') is None:
    pytest.skip('launch_ros is not installed (it is on no wheel)', allow_module_level=True)

# What `ros2 launch FILE` does, without needing ros2cli and an installed package.
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

arguments = [word.split(':=', 1) for word in sys.argv[2:]]
source = PythonLaunchDescriptionSource(sys.argv[1])
service = LaunchService(argv=sys.argv[2:])
include = IncludeLaunchDescription(source, launch_arguments=arguments)
service.include_launch_description(LaunchDescription([include]))
sys.exit(service.run())
"""


@pytest.fixture(params=['libero', 'droid', 'droid_sim', 'replay'])
def graph(request):
    from frs_ros.bringup.graphs import GRAPHS

    return GRAPHS[request.param]


@pytest.fixture
def launch(node_process, repository, tmp_path, monkeypatch):
    """Starts a launch file with `key:=value` words, in a process of its own."""
    # From another folder, or `import launch` would find ours first.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))

    def start(name, *words):
        path = repository.root / 'launch' / f'{name}.launch.py'
        command = [sys.executable, '-c', RUN, str(path), *words]
        return node_process('launch', command=command)

    return start


def test_arguments_are_those_of_the_graph(repository, graph):
    from launch.actions import DeclareLaunchArgument
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    path = repository.root / 'launch' / f'{graph.name}.launch.py'
    source = PythonLaunchDescriptionSource(str(path))
    description = source.try_get_launch_description_without_context()
    declared = [a for a in description.entities if isinstance(a, DeclareLaunchArgument)]
    assert [a.name for a in declared] == [a.name for a in graph.arguments]
    assert all(a.description for a in declared)


def test_unknown_suite_is_one_clear_line(launch, wait_for):
    process = launch('libero', 'suite:=no_such_suite')
    assert process.wait(30.0) == 1
    assert "unknown suite 'no_such_suite'; choose one of:" in process.output
    assert 'Traceback' not in process.output


def test_any_parameter_can_be_named_with_its_node(launch):
    process = launch('libero', 'libero_bridge.haste:=3')
    assert process.wait(30.0) == 1
    assert "unknown parameter of node libero_bridge 'haste'; choose one of:" in process.output
    assert 'Traceback' not in process.output


@pytest.fixture
def installed_programs():
    """Launch finds nodes in an install space only."""
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        prefix = get_package_prefix('frs_ros')
    except (OSError, PackageNotFoundError):
        pytest.skip('needs a sourced install space, such as that of colcon')
    return os.path.join(prefix, 'lib', 'frs_ros')


@pytest.fixture
def checkpoint(tmp_path):
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    return save_policy(random_policy(), tmp_path / 'random.safetensors', {})


def test_graph_starts_and_ctrl_c_ends_it(installed_programs, checkpoint, launch, ros):
    watcher = ros.node('watcher')
    process = launch('libero', f'checkpoint:={checkpoint}', 'task_id:=4', 'guidance:=oracle')
    expected = {'libero_bridge', 'policy_server', 'oracle_guidance'}
    ros.wait_for(lambda: expected <= set(watcher.get_node_names()), 60.0, 'the graph')
    assert process.interrupt(10.0) == 0
    assert 'Traceback' not in process.output


def test_cell_starts_and_ctrl_c_ends_it(installed_programs, checkpoint, launch, ros):
    watcher = ros.node('watcher')
    words = ('driver:=kinematic', f'checkpoint:={checkpoint}', 'guidance:=none')
    process = launch('droid_sim', *words)
    expected = {'exterior_camera', 'wrist_camera', 'policy_server', 'markers', 'franka_controller'}
    ros.wait_for(lambda: expected <= set(watcher.get_node_names()), 60.0, 'the cell')
    assert process.interrupt(10.0) == 0
    assert 'Traceback' not in process.output
