# SPDX-License-Identifier: Apache-2.0
"""Every node there is: its parameters and its configuration file."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from frs_ros.errors import ConfigError, choose
from frs_ros.nodes.parameters.bag_player import BagPlayerParameters
from frs_ros.nodes.parameters.camera import CameraParameters
from frs_ros.nodes.parameters.franka_controller import FrankaControllerParameters
from frs_ros.nodes.parameters.human_guidance import HumanGuidanceParameters
from frs_ros.nodes.parameters.libero_bridge import LiberoBridgeParameters
from frs_ros.nodes.parameters.markers import MarkersParameters
from frs_ros.nodes.parameters.mock_controller import MockControllerParameters
from frs_ros.nodes.parameters.oracle_guidance import OracleGuidanceParameters
from frs_ros.nodes.parameters.policy_server import PolicyServerParameters
from frs_ros.nodes.parameters.recorder import RecorderParameters
from frs_ros.nodes.parameters.trainer import TrainerParameters
from frs_ros.program import command

ROBOTS = ('fr3', 'panda')  # with a file of limits and workspace: config/robots/<name>.yaml

# Node name -> its parameters. Every node has an executable and a config/<node>.yaml of its name.
NODES: dict[str, type] = {
    'libero_bridge': LiberoBridgeParameters,
    'policy_server': PolicyServerParameters,
    'oracle_guidance': OracleGuidanceParameters,
    'human_guidance': HumanGuidanceParameters,
    'camera': CameraParameters,
    'markers': MarkersParameters,
    'franka_controller': FrankaControllerParameters,
    'mock_controller': MockControllerParameters,
    'recorder': RecorderParameters,
    'bag_player': BagPlayerParameters,
    'trainer': TrainerParameters,
}


def config_file(node: str) -> Path:
    """config/<node>.yaml beside the sources or in the install space; ConfigError if missing."""
    package = Path(__file__).resolve().parents[1]
    folders = [package.parent / 'config']
    folders += [parent / 'share' / 'frs_ros' / 'config' for parent in package.parents]
    prefixes = [p for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    folders += [Path(p) / 'share' / 'frs_ros' / 'config' for p in (*prefixes, sys.prefix)]
    for folder in folders:
        if (folder / f'{node}.yaml').is_file():
            return folder / f'{node}.yaml'
    raise ConfigError(f'config/{node}.yaml is not installed; build frs_ros again')


def cell_file(robot: str) -> Path:
    """config/robots/<robot>.yaml, or the path itself where one is given."""
    if robot.endswith('.yaml'):
        return Path(robot)
    return config_file(f'robots/{choose("robot", robot, ROBOTS)}')


def keyboard_hint() -> str:
    """How to start the keyboard in another terminal."""
    domain = os.environ.get('ROS_DOMAIN_ID')
    prefix = f'ROS_DOMAIN_ID={domain} ' if domain else ''
    return prefix + shlex.join(command('frs_ros.nodes.human_guidance_node'))
