# SPDX-License-Identifier: Apache-2.0
"""What every converter demands of numbers that arrive from outside."""

from __future__ import annotations

import math
from collections.abc import Sized
from typing import Any

import numpy as np

from frs_ros.errors import DataError
from frs_ros.text import is_plain, shown

LONGEST_TEXT = 1000  # characters of an instruction, an id, a name


def finite(what: str, values: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """float64 copy of `values`; a DataError names `what` if misshaped or not finite.

    Args:
        what: Message and field, for the error, such as 'Guidance.direction'.
        values: Anything numpy reads as numbers.
        shape: Required number of elements along each axis; flat values are reshaped row-major.
    """
    array = np.array(values, dtype=np.float64)
    if shape is not None:
        if array.size != math.prod(shape):
            raise DataError(f'{what} holds {array.size} numbers instead of {_spell(shape)}')
        array = array.reshape(shape)
    if not np.isfinite(array).all():
        raise DataError(f'{what} holds a number that is not finite')
    return array


def at_most(what: str, values: Sized, most: int) -> None:
    """DataError if a sequence is longer; said before anything is made of it."""
    if len(values) > most:
        raise DataError(f'{what} holds {len(values)} values; at most {most} are read')


def text(what: str, value: str) -> str:
    """A text of a message; DataError if it is long or would steer a terminal.

    Words of a message end in logs, reports and file names. Any script is fine.
    """
    if len(value) > LONGEST_TEXT:
        raise DataError(
            f'{what} is a text of {len(value)} characters; at most {LONGEST_TEXT} are read'
        )
    if not is_plain(value):
        raise DataError(f'{what} {shown(value)} holds characters that cannot be printed')
    return value


def _spell(shape: tuple[int, ...]) -> str:
    return ' x '.join(str(n) for n in shape)
