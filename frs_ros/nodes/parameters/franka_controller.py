# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `franka_controller`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.ros.options import parameter
from frs_ros.types import ACTION_SPACES, JOINT_DELTA


@dataclass(frozen=True)
class FrankaControllerParameters:
    """Parameters of the node `franka_controller`."""

    robot: str = parameter(
        'fr3', 'Cell: fr3 or panda for config/robots/<name>.yaml, or the path of such a file.'
    )
    driver: str = parameter(
        'kinematic',
        'kinematic: arithmetic, no robot. franky: a Franka arm, or franky-sim.',
        choices=('kinematic', 'franky'),
    )
    address: str = parameter('', 'Name or IP address of the robot; franky needs it.')
    allow_non_realtime: bool = parameter(
        False, 'Whether a kernel without real-time scheduling will do; for simulations only.'
    )
    connect_timeout: float = parameter(
        15.0, 'Time for which the robot is waited for, s.', low=0.5, high=300.0
    )
    control_mode: str = parameter(
        'impedance',
        'impedance: soft tracking of positions, as DROID. velocity: joint velocities that end by '
        'themselves when they are not renewed.',
        choices=('impedance', 'velocity'),
    )
    action_space: str = parameter(
        JOINT_DELTA, 'What the actions of the policy mean.', choices=ACTION_SPACES
    )
    control_hz: float = parameter(
        15.0, 'Rate of the actions of the policy, Hz.', low=1.0, high=100.0
    )
    rate: float = parameter(100.0, 'Rate of the control loop, Hz.', low=20.0, high=500.0)
    realtime_priority: int = parameter(
        10,
        'Priority of all threads of the node above ordinary ones (SCHED_FIFO), where the system '
        'allows it; 0 for none.',
        low=0,
        high=80,
    )
    cameras: str = parameter(
        '',
        'Names of the cameras that must keep running, with commas between them; none is watched '
        'if empty.',
    )
    image_timeout: float = parameter(
        0.0,
        'Time without a new picture after which the arm holds, s; 0 for 2.5 control periods.',
        low=0.0,
        high=5.0,
    )
    start: str = parameter(
        'episode',
        "episode: the node waits for the operator's. immediately: it starts one itself, and the "
        'arm moves as soon as chunks come.',
        choices=('episode', 'immediately'),
    )
    instruction: str = parameter('', 'Task in words, of an episode that the node starts.')
    seed: int = parameter(7, 'Seed of all random draws of the plans.', low=0, high=2**31 - 1)
    policy_state: str = parameter(
        'auto',
        'What the policy is told of the arm. joints: 7 joints and gripper. libero: pose and '
        'fingers. auto: as policies of the action space expect.',
        choices=('auto', 'joints', 'libero'),
    )
    frame_prefix: str = parameter('', 'What begins the names of frames, such as left/.')
    autostart: bool = parameter(
        True, 'Whether the node configures and activates itself, or waits for its manager.'
    )
