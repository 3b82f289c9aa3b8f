# SPDX-License-Identifier: Apache-2.0
"""The episodes that the simulator bridge is asked to run."""

from frs_ros.nodes.libero_bridge_node import jobs
from frs_ros.nodes.parameters.libero_bridge import LiberoBridgeParameters


def names(**parameters):
    return [job.name for job in jobs(LiberoBridgeParameters(**parameters))]


def test_init_states_go_round_until_all_episodes_are_done():
    assert names(task_id=7, first_init=3, init_count=2, episodes=3) == [
        'libero_object-7-3-0',
        'libero_object-7-4-1',
        'libero_object-7-3-2',
    ]


def test_another_target_is_another_task_by_name():
    assert names(task_id=7, target='butter', episodes=1) == ['libero_object-7-butter-0-0']
