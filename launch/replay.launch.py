# SPDX-License-Identifier: Apache-2.0
"""Learning from a bag that is played: `ros2 launch frs_ros replay.launch.py bag:=...`."""

from launch import LaunchDescription

from frs_ros.bringup.graphs.replay import REPLAY
from frs_ros.bringup.launch_description import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description(REPLAY)
