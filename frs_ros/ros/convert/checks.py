# SPDX-License-Identifier: Apache-2.0
"""What every converter demands of numbers that arrive from outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from frs_ros.errors import DataError


def finite(what: str, values: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """float64 copy of `values`; a DataError names `what` if misshaped or not finite.

    Args:
        what: Message and field, for the error, such as 'Guidance.direction'.
        values: Anything numpy reads as numbers.
        shape: Required number of elements along each axis; flat values are reshaped row-major.
    """
    array = np.array(values, dtype=np.float64)
    if shape is not None:
        if array.size != int(np.prod(shape)):
            raise DataError(f'{what} holds {array.size} numbers instead of {_spell(shape)}')
        array = array.reshape(shape)
    if not np.all(np.isfinite(array)):
        raise DataError(f'{what} holds a number that is not finite')
    return array


def _spell(shape: tuple[int, ...]) -> str:
    return ' x '.join(str(n) for n in shape)
