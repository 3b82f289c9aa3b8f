# SPDX-License-Identifier: Apache-2.0
"""A graph of the node table for `ros2 launch`; imported by the files in launch/ only."""

from __future__ import annotations

import os
import shlex
from typing import Any

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from frs_ros.bringup import preflight
from frs_ros.bringup.foreground import has_terminal
from frs_ros.bringup.graph import Graph, Process
from frs_ros.bringup.supervisor import EXIT_CONFIG
from frs_ros.lifeline import PARENT

RESTART_DELAY = 1.0  # s


def launch_description(graph: Graph) -> LaunchDescription:
    """Declares the arguments of the graph and starts what they ask for."""
    declared = {a.name for a in graph.arguments}

    def start(context: Any) -> list:
        # `node.parameter:=value` cannot be declared one by one, and needs not be
        words = context.launch_configurations.items()
        given = {name: text for name, text in words if name in declared or '.' in name}
        processes = graph.processes(given)
        warnings = [*preflight.check(given.values()), preflight.claim(processes[0].namespace)]
        notes = [LogInfo(msg=f'warning: {line}') for line in warnings if line]
        return [*notes, *(_action(process) for process in processes)]

    arguments = [
        DeclareLaunchArgument(a.name, default_value=a.default, description=graph.help(a))
        for a in graph.arguments
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])


def _action(process: Process) -> Any:
    row = process.row
    if row.needs_keys and not has_terminal():
        return LogInfo(msg=process.hint)

    def on_exit(event: Any, context: Any) -> list:
        # wrong parameters are not fixed by starting again
        final = not row.respawn or event.returncode == EXIT_CONFIG
        return [Shutdown(reason=f'{row.label} has ended')] if final else []

    common: dict[str, Any] = {
        'output': 'screen',
        'prefix': shlex.join(process.prefix),
        'respawn': row.respawn,
        'respawn_delay': RESTART_DELAY,
        'on_exit': on_exit,
        # or what moves an arm would go on when launch is killed
        'additional_env': {PARENT: str(os.getpid())},
        # launch's 5 s are short for a ramp, and for a busy machine
        'sigterm_timeout': LaunchConfiguration('sigterm_timeout', default=str(row.patience)),
        'sigkill_timeout': LaunchConfiguration('sigkill_timeout', default=str(row.patience)),
    }
    if row.program:
        return ExecuteProcess(cmd=process.command, name=process.label, **common)
    # with their types, or launch would read a text such as 012 as a number
    parameters = {k: ParameterValue(v, value_type=type(v)) for k, v in process.overrides.items()}
    files = [] if process.config is None else [str(process.config)]
    return Node(
        package=row.package,
        executable=row.node,
        exec_name=process.label,  # stands before its output
        name=row.name or None,
        namespace=process.namespace,
        parameters=[*files, parameters],
        ros_arguments=process.security,
        **common,
    )
