# SPDX-License-Identifier: Apache-2.0
"""The graph `droid_sim`: the cell without hardware.

The same nodes as `droid`. The arm is franky-sim, which speaks the network protocol of the real
one, or arithmetic inside the controller; the cameras show a moving test image.
"""

from __future__ import annotations

from collections.abc import Mapping

from frs_ros.bringup.graph import Argument, Graph, Overrides, Row, any_of, same
from frs_ros.bringup.graphs import cell
from frs_ros.robot.topics.transport import FORWARD

HOST = '127.0.0.1'


def _derive(values: Mapping[str, str]) -> Overrides:
    """As of any cell; both ends of the topics take the same command and fingers."""
    made = cell.derive(values)
    model = made['policy_server']['robot']
    mock = {'robot': values['robot'], 'command': values.get('command', FORWARD)}
    fingers = ','.join(f'{model}_finger_joint{i + 1}' for i in range(2))
    told = {'gripper': 'topic', 'gripper_joints': fingers} if values['driver'] == 'topics' else {}
    return {**made, 'mock_controller': mock, cell.CONTROLLER: {**made[cell.CONTROLLER], **told}}


DROID_SIM = Graph(
    'droid_sim',
    'the same cell with a simulated arm and synthetic cameras',
    rows=(
        Row(
            'simulated_arm',
            program=('frs_ros.robot.simulated_arm', '--host', HOST, '--linger', '1.5'),
            only_if={'driver': ('franky',)},
            outlives=True,
        ),
        Row('mock_controller', only_if={'driver': ('topics',)}, outlives=True),
        *cell.rows(
            controller={'address': HOST, 'allow_non_realtime': True},
            camera={'source': 'synthetic'},
            described=('franky', 'kinematic', 'topics'),
        ),
    ),
    arguments=(
        Argument(
            'driver',
            (cell.CONTROLLER, 'driver'),
            'The arm. franky: franky-sim, by the network protocol of the real one. kinematic: '
            'arithmetic. topics: as one that ros2_control drives; the node mock_controller stands '
            'in for that.',
            words=any_of('franky', 'kinematic', 'topics'),
            default='franky',
        ),
        *same(cell.CONTROLLER, 'command'),
        *cell.arguments(start='immediately', checkpoint='mini'),
    ),
    derive=_derive,
)
