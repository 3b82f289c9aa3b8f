# SPDX-License-Identifier: Apache-2.0
"""Parameters of every node: the source of names, defaults and ranges.

`config/<node>.yaml` and the tables of docs/graph.md repeat them; a test compares the three.
Imports no ROS, so that `frs up` can read the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter
from frs_ros.sim.suites import SUITES


@dataclass(frozen=True)
class LiberoBridgeParameters:
    """Parameters of the node `libero_bridge`."""

    suite: str = parameter('libero_object', 'LIBERO suite.', choices=SUITES)
    task_id: int = parameter(0, 'Index of the task within the suite.', low=0, high=89)
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


@dataclass(frozen=True)
class PolicyServerParameters:
    """Parameters of the node `policy_server`."""

    checkpoint: str = parameter('mini', "Policy: 'mini' for the shipped one, or a .safetensors.")
    method: str = parameter('frs', 'Steering method; may be changed at any time.', live=True)
    method_options: str = parameter(
        '{}', 'Options of the method as a JSON object, such as {"max_iterations": 8}.', live=True
    )
    guidance_sync: str = parameter(
        'stamped',
        'stamped: wait for the guidance with the stamp of the request (oracle). latest: the '
        'newest one, unless stale. none: unsteered.',
        choices=('stamped', 'latest', 'none'),
    )
    guidance_timeout: float = parameter(
        0.25, 'Age beyond which the latest guidance is stale, s.', low=0.01, high=10.0, live=True
    )
    observation_sync: str = parameter(
        'stamped',
        'stamped: images and state with exactly the stamp of the request. latest: the newest.',
        choices=('stamped', 'latest'),
    )
    input_timeout: float = parameter(
        2.0, 'Time after which a missing input is named, s.', low=0.1, high=60.0
    )
    threads: int = parameter(1, 'CPU threads of a policy that runs on torch.', low=1, high=256)


@dataclass(frozen=True)
class OracleGuidanceParameters:
    """Parameters of the node `oracle_guidance`."""

    magnitude: float = parameter(
        1.0, 'Speed of the guidance, as a part of full command.', low=0.0, high=1.0, live=True
    )


@dataclass(frozen=True)
class HumanGuidanceParameters:
    """Parameters of the node `human_guidance`."""

    rate: float = parameter(50.0, 'Rate at which guidance is published, Hz.', low=1.0, high=200.0)
    hold: float = parameter(
        0.7,
        'Time for which a key counts as held after its last character, s; a little longer than '
        'the delay of the keyboard before it repeats.',
        low=0.05,
        high=5.0,
    )
    magnitude: float = parameter(
        1.0, 'Speed of the guidance, as a part of full command.', low=0.0, high=1.0
    )
