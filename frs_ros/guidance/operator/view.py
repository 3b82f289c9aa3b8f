# SPDX-License-Identifier: Apache-2.0
"""Directions as an operator sees them, in the axes of the robot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from frs_ros.guidance.references.frames import TOOL
from frs_ros.messages.guidance import BASE, Guidance

_DIGITS = 4  # so that forward stays cardinal for an operator who writes 3.1416


def turned(direction: np.ndarray, view_yaw: float) -> np.ndarray:
    """A direction [3] of the operator (x ahead, y to the left, z up) along the base axes, [3].

    Args:
        direction: In the operator's axes.
        view_yaw: Heading in which the operator looks, rad about the base's z axis: 0 from behind
            the robot along its +x, pi facing it.
    """
    x, y, z = direction
    cos, sin = np.cos(view_yaw), np.sin(view_yaw)
    return np.round([cos * x - sin * y, sin * x + cos * y, z], _DIGITS) + 0.0  # no minus zero


# The axes of each frame (rows) along an operator's ahead, left and up. The hand is taken as it
# hangs over a table, where its z axis points down; for an image ahead is into it.
_OF_TOOL = np.diag([1.0, -1.0, -1.0])
_OF_IMAGE = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
_AXES = {BASE: np.eye(3), TOOL: _OF_TOOL}


def seen_from(guidance: Guidance, frame: str) -> Guidance:
    """Guidance of an operator (x ahead, y to the left, z up) along the axes of a frame.

    Args:
        guidance: Directions and rotations as the operator means them.
        frame: From where: 'base', 'tool', or the name of a camera whose image is looked at.
    """
    axes = _AXES.get(frame, _OF_IMAGE)
    direction, rotation = axes @ guidance.direction, axes @ guidance.rotation
    return replace(guidance, direction=direction, rotation=rotation, frame=frame)
