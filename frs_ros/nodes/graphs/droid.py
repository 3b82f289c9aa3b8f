# SPDX-License-Identifier: Apache-2.0
"""The graph `droid`: a Franka arm with cameras."""

from __future__ import annotations

from frs_ros.nodes.graph import Argument, Graph, any_of, same
from frs_ros.nodes.graphs import cell

DROID = Graph(
    'droid',
    'a Franka arm with two cameras',
    rows=cell.rows(controller={}, camera={}, described=('franky',)),
    arguments=(
        Argument(
            'driver',
            (cell.CONTROLLER, 'driver'),
            'Who drives the arm. franky: this computer, by FCI. topics: controllers of '
            'ros2_control that run already (docs/robot.md).',
            words=any_of('franky', 'topics'),
            default='franky',
        ),
        *same(cell.CONTROLLER, 'address', 'allow_non_realtime', 'command'),
        *cell.camera_arguments('source', 'serial', 'device', 'topic'),
        *cell.arguments(start='episode', checkpoint=''),
    ),
    derive=cell.derive,
)
