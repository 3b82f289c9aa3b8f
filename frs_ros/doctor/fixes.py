# SPDX-License-Identifier: Apache-2.0
"""What to run for packages that are missing."""

from __future__ import annotations

from frs_ros.doctor.system import System


def cell_packages(system: System) -> str:
    """How to install what a robot cell needs.

    numpy 1 is that of a ROS 2 workstation, whose messages were built with it (README): the pinned
    versions would replace it.
    """
    if (system.version('numpy') or '').startswith('1.'):
        return (
            "pip install 'numpy<2' franky-control pyrealsense2 pyspacemouse && "
            'pip install --no-deps franky-sim'
        )
    return 'pip install -c requirements/constraints.txt -r requirements/robot.txt'
