# SPDX-License-Identifier: Apache-2.0
"""The graph `replay`: a bag that is played, and a trainer that learns from it."""

from __future__ import annotations

from frs_ros.bringup.graph import NAMESPACE, Graph, Row, same

# Of the trainer's subscriptions; cameras follow as it discovers them, which the player waits for.
FIRST = 3

REPLAY = Graph(
    'replay',
    'a bag that is played, and a trainer that learns from it',
    rows=(
        Row('trainer'),
        # it stays, and so does the trainer: there may be a training under way
        Row('bag_player', fixed={'wait_for': FIRST, 'stay': True}, reads_keys=True),
    ),
    arguments=(
        *same('bag_player', 'bag', 'rate', 'loop', 'start_paused', 'start_offset'),
        *same('bag_player', 'as_fast_as_possible', 'clock'),
        *same('trainer', 'out', 'cameras', 'train_after', 'train_options'),
        NAMESPACE,
    ),
)
