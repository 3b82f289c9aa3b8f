# SPDX-License-Identifier: Apache-2.0
"""A steered LIBERO episode: `ros2 launch frs_ros libero.launch.py task_id:=3 method:=frs`."""

from typing import Any

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, Shutdown
from launch_ros.actions import Node

from frs_ros.nodes.supervisor import EXIT_CONFIG
from frs_ros.nodes.table import LIBERO, Process, keyboard_hint


def nodes(context: Any) -> list:
    given = {a.name: context.launch_configurations[a.name] for a in LIBERO.arguments}
    actions = [node(process) for process in LIBERO.processes(given)]
    if given['guidance'] == 'keyboard':
        actions.append(LogInfo(msg=f'to steer, run in another terminal: {keyboard_hint()}'))
    return actions


def node(process: Process) -> Node:
    row = process.row

    def on_exit(event: Any, context: Any) -> list:
        # wrong parameters are not mended by starting again
        final = not row.respawn or event.returncode == EXIT_CONFIG
        return [Shutdown(reason=f'{row.node} has ended')] if final else []

    return Node(
        package='frs_ros',
        executable=row.node,
        parameters=[str(process.config), dict(process.overrides)],
        output='screen',
        respawn=row.respawn,
        respawn_delay=1.0,
        on_exit=on_exit,
    )


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(a.name, default_value=a.default, description=a.help)
        for a in LIBERO.arguments
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=nodes)])
