# SPDX-License-Identifier: Apache-2.0
"""Nodes of this package and the parameters that each of them has."""

from __future__ import annotations

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
