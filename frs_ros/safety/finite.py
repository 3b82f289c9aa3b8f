# SPDX-License-Identifier: Apache-2.0
"""Numbers that may be calculated with: finite, of the right shape; and time that has passed."""

from __future__ import annotations

import math

import numpy as np

from frs_ros.safety.rejected import Rejected


def finite_vector(name: str, values: object, size: int) -> np.ndarray:
    """A copy of `values` as [size] float64.

    Raises:
        Rejected: Not numbers, of another shape, NaN or infinite; names the first bad entry.
    """
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise Rejected(f'{name} is not made of numbers') from None
    if vector.shape != (size,):
        raise Rejected(f'{name} has shape {list(vector.shape)}, not [{size}]')
    if not np.isfinite(vector).all():
        where = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise Rejected(f'{name}[{where}] is {vector[where]}')
    return vector


def usable_time(dt: float, longest: float) -> float:
    """The time step to calculate with, in [0, longest] s.

    A clock that stood still, ran backwards or says NaN gives 0: nothing may move. A longer gap
    gives `longest`: the reference does not catch up with time that nobody watched.
    """
    try:
        dt = float(dt)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return 0.0 if math.isnan(dt) else min(max(dt, 0.0), longest)
