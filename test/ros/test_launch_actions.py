# SPDX-License-Identifier: Apache-2.0
"""What the actions of a launch file are made with; the real `launch` is on no wheel."""

from __future__ import annotations

import importlib
import os
import sys
import types
from types import SimpleNamespace

import pytest

from frs_ros.errors import ConfigError
from frs_ros.lifeline import PARENT


class Made:
    """Anything of launch: remembers what it was made with."""

    def __init__(self, *args, **options):
        self.args, self.options = args, options


@pytest.fixture
def launch(monkeypatch):
    """Starts a graph as its launch file does; returns the actions."""
    kinds = {}
    names = {
        'launch': ['LaunchDescription'],
        'launch.actions': [
            *('DeclareLaunchArgument', 'ExecuteProcess', 'LogInfo', 'OpaqueFunction', 'Shutdown'),
        ],
        'launch.substitutions': ['LaunchConfiguration'],
        'launch_ros': [],
        'launch_ros.actions': ['Node'],
        'launch_ros.parameter_descriptions': ['ParameterValue'],
    }
    for module, classes in names.items():
        fake = types.ModuleType(module)
        for name in classes:
            kinds[name] = type(name, (Made,), {})
            setattr(fake, name, kinds[name])
        monkeypatch.setitem(sys.modules, module, fake)
    monkeypatch.delitem(sys.modules, 'frs_ros.bringup.launch_description', raising=False)
    monkeypatch.setattr('frs_ros.bringup.preflight._claims', [])
    description = importlib.import_module('frs_ros.bringup.launch_description')

    def start(graph, **given):
        (entities,) = description.launch_description(graph).args
        context = SimpleNamespace(launch_configurations=given)
        return kinds, entities[-1].options['function'](context)

    monkeypatch.setenv('ROS_DOMAIN_ID', '202')
    yield start
    sys.modules.pop('frs_ros.bringup.launch_description', None)


CELL = {'driver': 'kinematic', 'guidance': 'none', 'checkpoint': 'mini', 'robot': 'fr3'}
CELL |= {'start': 'immediately', 'markers': 'true'}


def of(kinds, actions, kind):
    return [action for action in actions if isinstance(action, kinds[kind])]


def test_every_process_ends_with_its_launch_and_has_time_to(launch):
    from frs_ros.bringup.graphs.droid_sim import DROID_SIM

    kinds, actions = launch(DROID_SIM, **{**CELL, 'driver': 'franky'})
    processes = of(kinds, actions, 'Node') + of(kinds, actions, 'ExecuteProcess')
    assert len(processes) >= 6
    for process in processes:
        assert process.options['additional_env'] == {PARENT: str(os.getpid())}
    times = {
        node.options['executable']: [
            float(node.options[name].options['default'])
            for name in ('sigterm_timeout', 'sigkill_timeout')
        ]
        for node in of(kinds, actions, 'Node')
    }
    assert min(times['policy_server']) > 5.0  # that of launch
    assert min(times['franka_controller']) > max(times['policy_server'])  # a ramp


def test_only_wrong_parameters_of_a_node_that_is_started_again_end_the_launch(launch):
    from frs_ros.bringup.graphs.libero import LIBERO

    kinds, actions = launch(LIBERO, guidance='oracle')
    nodes = {node.options['executable']: node for node in of(kinds, actions, 'Node')}
    on_exit = nodes['policy_server'].options['on_exit']
    assert on_exit(SimpleNamespace(returncode=1), None) == []
    assert len(on_exit(SimpleNamespace(returncode=2), None)) == 1


def test_what_no_node_can_start_with_ends_the_launch_before_it_begins(launch, monkeypatch):
    from frs_ros.bringup.graphs.libero import LIBERO

    monkeypatch.setenv('ROS_DOMAIN_ID', '300')
    with pytest.raises(ConfigError, match="ROS_DOMAIN_ID='300' is no domain"):
        launch(LIBERO)


@pytest.mark.skipif(sys.platform != 'linux', reason='names without files')
def test_warnings_stand_before_the_nodes(launch, monkeypatch):
    from frs_ros.bringup import preflight
    from frs_ros.bringup.graphs.libero import LIBERO

    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')
    assert preflight.claim() == ''  # as another graph does
    _, actions = launch(LIBERO)
    off, second = (note.options['msg'] for note in actions[:2])
    assert 'OFF' in off
    assert 'another graph' in second
