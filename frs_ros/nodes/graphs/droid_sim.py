# SPDX-License-Identifier: Apache-2.0
"""The graph `droid_sim`: the cell without hardware.

The same nodes as `droid`. The arm is franky-sim, which speaks the network protocol of the real
one, or arithmetic inside the controller; the cameras show a moving test picture.
"""

from __future__ import annotations

from frs_ros.nodes.graph import Argument, Graph, Row, any_of
from frs_ros.nodes.graphs import cell

HOST = '127.0.0.1'

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
        *cell.rows(
            controller={'address': HOST, 'allow_non_realtime': True},
            camera={'source': 'synthetic'},
        ),
    ),
    arguments=(
        Argument(
            'driver',
            (cell.CONTROLLER, 'driver'),
            'The arm. franky: franky-sim, by the network protocol of the real one. kinematic: '
            'arithmetic.',
            words=any_of('franky', 'kinematic'),
            default='franky',
        ),
        *cell.arguments(start='immediately', checkpoint='mini'),
    ),
    derive=cell.derive,
)
