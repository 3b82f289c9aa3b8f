# SPDX-License-Identifier: Apache-2.0
"""What the action spaces call joints and how they count the gripper."""

from __future__ import annotations

from frs_ros.types import CARTESIAN_DELTA

JOINTS = tuple(f'joint_{i}' for i in range(1, 8))


def gripper_units(command: float, space: str) -> float:
    """A gripper command, -1 open .. +1 closed, in the units of an action space."""
    return command if space == CARTESIAN_DELTA else (command + 1) / 2
