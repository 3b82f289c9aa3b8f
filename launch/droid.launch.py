# SPDX-License-Identifier: Apache-2.0
"""A steered Franka arm: `ros2 launch frs_ros droid.launch.py checkpoint:=... address:=...`."""

from launch import LaunchDescription

from frs_ros.bringup.graphs.droid import DROID
from frs_ros.bringup.launch_description import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description(DROID)
