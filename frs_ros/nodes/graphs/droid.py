# SPDX-License-Identifier: Apache-2.0
"""The graph `droid`: a Franka arm with cameras."""

from __future__ import annotations

from frs_ros.nodes.graph import Graph, same
from frs_ros.nodes.graphs import cell

DROID = Graph(
    'droid',
    'a Franka arm with two cameras',
    rows=cell.rows(controller={'driver': 'franky'}, camera={}),
    arguments=(
        *same(cell.CONTROLLER, 'address', 'allow_non_realtime'),
        *cell.camera_arguments('source', 'serial', 'device', 'topic'),
        *cell.arguments(start='episode', checkpoint=''),
    ),
    derive=cell.derive,
)
