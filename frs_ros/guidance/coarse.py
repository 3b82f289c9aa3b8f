# SPDX-License-Identifier: Apache-2.0
"""Horizontal offsets reduced to what a person at a keyboard could say."""

from __future__ import annotations

import numpy as np


def dominant(offset: np.ndarray) -> np.ndarray:
    """The one axis along which the offset [2] is largest, as a signed unit vector [3]."""
    direction = np.zeros(3)
    axis = int(np.argmax(np.abs(offset)))
    direction[axis] = np.sign(offset[axis])
    return direction


def diagonal(offset: np.ndarray) -> np.ndarray:
    """One of the eight directions of axes and diagonals nearest to the offset [2], unit [3].

    A component counts if it is more than half of the larger one.
    """
    direction = np.zeros(3)
    size = np.abs(offset)
    direction[:2] = np.where(size > 0.5 * size.max(), np.sign(offset), 0.0)
    length = np.linalg.norm(direction)
    return direction / length if length > 0 else direction
