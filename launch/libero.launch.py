# SPDX-License-Identifier: Apache-2.0
"""A steered LIBERO episode: `ros2 launch frs_ros libero.launch.py task_id:=3 method:=frs`."""

from launch import LaunchDescription

from frs_ros.bringup.graphs.libero import LIBERO
from frs_ros.bringup.launch_description import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description(LIBERO)
