# SPDX-License-Identifier: Apache-2.0
"""Directions as an operator sees them, in the axes of the robot."""

from __future__ import annotations

import numpy as np

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
