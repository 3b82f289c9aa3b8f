# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `libero_bridge`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter
from frs_ros.sim.suites import SUITES


@dataclass(frozen=True)
class LiberoBridgeParameters:
    """Parameters of the node `libero_bridge`."""

    suite: str = parameter('libero_object', 'LIBERO suite.', choices=SUITES)
    task_id: int = parameter(0, 'Index of the task within the suite.', low=0, high=89)
    target: str = parameter(
        '',
        "Type of the object to fetch in the place of the task's own, such as milk; "
        'libero_object only.',
    )
    first_init: int = parameter(0, 'First stock init state.', low=0, high=49)
    init_count: int = parameter(
        10, 'Init states to go through, from the first on, over and over.', low=1, high=50
    )
    episodes: int = parameter(
        0, 'Finished episodes after which the node ends; 0 for no end.', low=0, high=1000000
    )
    seed: int = parameter(7, 'Seed of all random draws of the plans.', low=0, high=2**31 - 1)
    mode: str = parameter(
        'lockstep',
        'lockstep: the simulator waits for every chunk (repeatable). realtime: it runs at the '
        'control rate and holds still when there is no fresh chunk.',
        choices=('lockstep', 'realtime'),
    )
    assets: str = parameter('auto', 'LIBERO assets: auto, stock, standin, or a folder.')
    instruction: str = parameter(
        'task', "Instruction: 'task' for the task's own words, 'none', or any text."
    )
    max_steps: int = parameter(
        0,
        'Control steps after which an episode has failed; 0 for the limit of the suite.',
        low=0,
        high=10000,
    )
    agentview_height: int = parameter(128, 'Height of the agentview image, px.', low=16, high=1024)
    agentview_width: int = parameter(128, 'Width of the agentview image, px.', low=16, high=1024)
    wrist_height: int = parameter(84, 'Height of the wrist image, px.', low=16, high=1024)
    wrist_width: int = parameter(84, 'Width of the wrist image, px.', low=16, high=1024)
    view_every: int = parameter(
        0,
        'Control steps between two images of the view for people; 0 for no view.',
        low=0,
        high=1000,
    )
    view_height: int = parameter(384, 'Height of the view for people, px.', low=16, high=2048)
    view_width: int = parameter(384, 'Width of the view for people, px.', low=16, high=2048)
    answer_timeout: float = parameter(
        3.0,
        'Time without an answer after which the node says what it waits for, s.',
        low=0.1,
        high=600.0,
    )
    abort_after: float = parameter(
        10.0, 'Time without an answer after which an episode is aborted, s.', low=0.1, high=3600.0
    )
