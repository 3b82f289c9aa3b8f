# SPDX-License-Identifier: Apache-2.0
"""What the graphs of a robot cell share, real or simulated: nodes, arguments, their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frs_ros.arm.urdf import arm_urdf
from frs_ros.bringup.graph import NAMESPACE, Argument, Overrides, Row, any_of, executable, same
from frs_ros.bringup.graphs.recording import RECORD, recorder
from frs_ros.errors import ConfigError, DependencyError
from frs_ros.nodes.config_files import cell_file
from frs_ros.policies.description import interface_of
from frs_ros.robot.settings import read_cell

CONTROLLER = 'franka_controller'
CAMERAS = ('exterior', 'wrist')  # in the order in which policies name them
MODEL = 'robot_state_publisher'  # package and executable of ROS 2
GUIDES = ('none', 'keyboard', 'spacemouse', 'spacenav', 'joy', 'replay')


def rows(
    *, controller: Mapping[str, Any], camera: Mapping[str, Any], described: tuple[str, ...]
) -> tuple[Row, ...]:
    """The nodes of a cell.

    Args:
        controller: Parameters of the controller that tell this cell from others.
        camera: Those of both cameras.
        described: Drivers whose arm nobody else describes to robot_state_publisher.
    """
    # on few cores plans and drawings give way: commands and images must not wait for them
    behind, last = 5, 10
    devices = tuple(name for name in GUIDES if name not in ('none', 'keyboard'))
    return (
        *(Row('camera', f'{which}_camera', fixed=camera, respawn=True) for which in CAMERAS),
        Row('policy_server', fixed={'observation_sync': 'latest'}, respawn=True, nice=behind),
        Row(
            'human_guidance',
            only_if={'guidance': ('keyboard',)},
            reads_keys=True,
            needs_keys=True,
        ),
        Row('human_guidance', only_if={'guidance': devices}, reads_keys=True, respawn=True),
        Row('markers', only_if={'markers': ('true',)}, respawn=True, nice=last),
        Row(
            MODEL,
            package=MODEL,
            only_if={'model': ('true', 'auto'), 'driver': described},
            respawn=True,
        ),
        recorder(nice=behind),
        # not started again: it is for a person to look what happened to the arm
        Row(CONTROLLER, fixed=controller, patience=20.0),  # its arm comes to rest first
    )


def camera_arguments(*parameters: str) -> tuple[Argument, ...]:
    """The same parameters of both cameras, as `exterior_serial:=...`."""
    return tuple(
        Argument(f'{which}_{name}', (f'{which}_camera', name))
        for which in CAMERAS
        for name in parameters
    )


def arguments(*, start: str, checkpoint: str) -> tuple[Argument, ...]:
    """What may be said of any cell, with the defaults of two of the arguments."""
    return (
        Argument(
            'checkpoint',
            description="Policy: 'mini', 'mini_libero', 'random_droid', a .safetensors, or the "
            '.yaml of a large one. Action space, rate and names of the cameras follow from it.',
            default=checkpoint,
        ),
        *same('policy_server', 'method', 'method_options', 'distilled'),
        Argument(
            'robot',
            description='Arm with limits and workspace: fr3 or panda for '
            'config/robots/<name>.yaml, or the path of such a file.',
            default='fr3',
        ),
        Argument('start', (CONTROLLER, 'start'), default=start),
        *same(CONTROLLER, 'instruction', 'seed'),
        Argument(
            'guidance',
            description='Who guides; keyboard needs a terminal, see human_guidance.',
            words=any_of(*GUIDES),
            default='keyboard',
        ),
        *same('human_guidance', 'recording', 'repeat', 'magnitude'),
        Argument(
            'markers',
            description='Whether guidance, plans and workspace are drawn for RViz and Foxglove.',
            words=any_of('true', 'false'),
            default='true',
        ),
        Argument(
            'model',
            description='Whether robot_state_publisher publishes robot_description and TF; auto: '
            'where it is installed.',
            words=any_of('auto', 'true', 'false'),
            default='auto',
        ),
        Argument(
            'frame_prefix',
            description='What begins the names of all frames; follows from namespace unless '
            'given: left/ for left.',
        ),
        RECORD,
        NAMESPACE,
    )


def derive(values: Mapping[str, str]) -> Overrides:
    """Parameters that follow from policy, arm and guide.

    Raises:
        CheckpointError: There is no such policy.
        DependencyError: robot_state_publisher is asked for and not installed.
        ConfigError: No policy is named, there is no such arm, its file is damaged, or the policy
            looks through another number of cameras.
    """
    if 'checkpoint' not in values:
        raise ConfigError(
            'name the policy that is to move this arm: checkpoint:=...; the shipped one, mini, '
            'has only ever seen a simulator'
        )
    policy, robot, guide = interface_of(values['checkpoint']), values['robot'], values['guidance']
    if len(policy.cameras) != len(CAMERAS):
        raise ConfigError(
            f"policy '{values['checkpoint']}' looks through {len(policy.cameras)} cameras "
            f'({", ".join(policy.cameras)}), this cell has {len(CAMERAS)}; start the nodes one by '
            'one as in docs/robot.md'
        )
    if values['model'] == 'true' and executable(MODEL, MODEL) is None:
        raise DependencyError(
            f'model:=true needs {MODEL}: sudo apt-get install '
            'ros-$ROS_DISTRO-robot-state-publisher'
        )
    arm = read_cell(cell_file(robot)).model
    space = values.get('namespace', '').strip('/')
    prefix = values.get('frame_prefix', f'{space}/' if space else '')
    human: dict[str, Any] = {} if guide == 'none' else {'device': guide}
    if 'instruction' in values:
        human['instruction'] = values['instruction']
    if 'seed' in values:
        human['seed'] = int(values['seed'])
    return {
        **{
            f'{which}_camera': {'name': name, 'frame_prefix': prefix}
            for which, name in zip(CAMERAS, policy.cameras)
        },
        'policy_server': {
            'checkpoint': values['checkpoint'],
            'robot': arm.name,
            'guidance_sync': 'none' if guide == 'none' else 'latest',
            'compare': values['markers'] == 'true',
        },
        'human_guidance': human,
        'markers': {'robot': robot, 'frame_prefix': prefix},
        MODEL: {'robot_description': arm_urdf(arm), 'frame_prefix': prefix},
        CONTROLLER: {
            'robot': robot,
            'frame_prefix': prefix,
            'action_space': policy.space,
            'control_hz': policy.control_hz,
            'cameras': ','.join(policy.cameras),
        },
    }
