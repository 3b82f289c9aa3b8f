# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `policy_server`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter


@dataclass(frozen=True)
class PolicyServerParameters:
    """Parameters of the node `policy_server`."""

    checkpoint: str = parameter(
        'mini',
        "Policy: 'mini' or 'mini_libero', which come along, 'random_droid' for random weights of "
        'the shape of pi0.5-DROID, a .safetensors, or the .yaml of a large policy (docs/vla.md).',
    )
    robot: str = parameter(
        'fr3',
        'Robot whose kinematics turn guidance into joint motion, for policies in joint space.',
        choices=('fr3', 'panda'),
    )
    method: str = parameter('frs', 'Steering method; may be changed at any time.', live=True)
    method_options: str = parameter(
        '',
        'Options of the method, such as operator=motion,gate=true; empty for none. The values are '
        'as in the brackets of frs eval; a JSON object will do as well.',
        live=True,
    )
    distilled: str = parameter(
        '',
        "Checkpoint of frs train dsbc or bc for the methods 'dsbc' and 'bc', unless their options "
        'name one; with it these methods may be changed to and from at any time.',
        live=True,
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
    guidance_cameras: str = parameter(
        '',
        'JSON file of the cameras that guidance may be given in the frame of (docs/guidance.md); '
        'empty: base and tool only.',
    )
    command_gain: float = parameter(
        0.0,
        'Share of a commanded step that the arm really goes, for guidance by paths '
        '(docs/guidance.md); 0: as measured for the action space.',
        low=0.0,
        high=1.0,
    )
    observation_sync: str = parameter(
        'stamped',
        'stamped: images and state with exactly the stamp of the request. latest: the newest.',
        choices=('stamped', 'latest'),
    )
    image_max_age: float = parameter(
        0.5,
        'How much older than the request the latest images may be, s; only with '
        'observation_sync latest.',
        low=0.01,
        high=60.0,
    )
    input_timeout: float = parameter(
        2.0, 'Time after which a missing input is named, s.', low=0.1, high=60.0
    )
    compare: bool = parameter(
        False,
        'Also plan without guidance, once the chunk is out, and put it into the report.',
        live=True,
    )
    threads: int = parameter(1, 'CPU threads of a policy that runs on torch.', low=1, high=256)
    managed: bool = parameter(
        False,
        'Whether a lifecycle manager configures and activates the node, not the node itself.',
    )
