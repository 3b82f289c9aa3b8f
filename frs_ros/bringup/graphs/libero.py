# SPDX-License-Identifier: Apache-2.0
"""The graph `libero`: LIBERO in the place of cameras and robot."""

from __future__ import annotations

from frs_ros.bringup.graph import NAMESPACE, Argument, Graph, Row, same
from frs_ros.bringup.graphs.recording import RECORD, recorder

LIBERO = Graph(
    'libero',
    'a stock LIBERO task in the place of cameras and robot',
    rows=(
        recorder(),
        Row('policy_server', respawn=True),
        Row('oracle_guidance', only_if={'guidance': ('oracle',)}),
        Row(
            'human_guidance', only_if={'guidance': ('keyboard',)}, reads_keys=True, needs_keys=True
        ),
        Row('libero_bridge', ends_graph=True),
    ),
    arguments=(
        *same('libero_bridge', 'suite', 'task_id', 'target', 'first_init', 'init_count'),
        *same('libero_bridge', 'episodes', 'seed', 'mode', 'assets', 'instruction', 'max_steps'),
        *same('libero_bridge', 'view_every'),
        *same('policy_server', 'checkpoint', 'method', 'method_options', 'distilled'),
        Argument(
            'guidance',
            ('policy_server', 'guidance_sync'),
            'Who guides; keyboard needs a terminal, see human_guidance.',
            words={'oracle': 'stamped', 'keyboard': 'latest', 'none': 'none'},
            default='oracle',
        ),
        *same('oracle_guidance', 'magnitude', 'hesitation', 'near_target'),
        RECORD,
        NAMESPACE,
    ),
)
