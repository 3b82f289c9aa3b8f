# SPDX-License-Identifier: Apache-2.0
"""Arrays of .npz files: what a file says of their sizes is checked before memory is taken."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from frs_ros.errors import DataError
from frs_ros.text import one_line

MOST = 4 << 30  # bytes of all arrays of a file
GROWTH, SLACK = 200, 64 << 20  # times the size of the file, bytes: what they may grow to at least
_UNREADABLE = (  # what zipfile and numpy raise of files that nobody vouches for
    OSError,
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(path: Path, names: Sequence[str], what: str = 'episode') -> dict[str, np.ndarray]:
    """Arrays of a file by name.

    Args:
        path: The file.
        names: Of the arrays; others are not read.
        what: What the file should be, for the error.

    Raises:
        DataError: The file is missing, damaged or lacks an array, an array holds objects or not as
            much as it says, or the arrays are larger than such a file's may be.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.getinfo(f'{name}.npy') for name in names}
            size = sum(member.file_size for member in members.values())
            if size > min(MOST, SLACK + GROWTH * path.stat().st_size):
                raise DataError(f'{path}: its arrays would take {size / 1e6:.0f} MB')
            return {name: _array(archive, member) for name, member in members.items()}
    except _UNREADABLE as error:
        raise DataError(f'{path} is not a readable {what}: {one_line(error)}') from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(member) as file:
        shape, _, dtype = _header(file)
        if dtype.hasobject:
            raise ValueError(f'{member.filename} holds objects, not numbers')
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise ValueError(f'{member.filename} does not hold as much as it says')
    with archive.open(member) as file:
        array: np.ndarray = npy.read_array(file, allow_pickle=False)
        return array


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(file)
    if version not in read:
        raise ValueError(f'format {version} of an array is not read')
    return read[version](file)
