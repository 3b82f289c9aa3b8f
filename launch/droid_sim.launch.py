# SPDX-License-Identifier: Apache-2.0
"""The robot cell without hardware: `ros2 launch frs_ros droid_sim.launch.py`."""

from launch import LaunchDescription

from frs_ros.bringup.graphs.droid_sim import DROID_SIM
from frs_ros.bringup.launch_description import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description(DROID_SIM)
