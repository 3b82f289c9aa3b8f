# SPDX-License-Identifier: Apache-2.0
"""Compressed chunks of MCAP files, also those that were cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from frs_ros.errors import DataError, DependencyError


def decompress(
    data: memoryview, compression: str, size: int, path: Path, *, whole: bool
) -> memoryview:
    """The bytes of a chunk.

    Args:
        data: Compressed.
        compression: 'zstd' or 'lz4'.
        size: Bytes there should be.
        path: The file, for messages.
        whole: False: the data end early, and what can be had of them will do.

    Returns:
        At most `size` bytes; fewer if the data are damaged or end early.

    Raises:
        DataError: The compression is not known.
        DependencyError: The library for it is not installed.
    """
    reader, errors = _decompressor(compression, path)
    pieces, step = [], max(len(data) if whole else 4096, 1)
    try:
        for start in range(0, len(data), step):
            pieces.append(reader.decompress(bytes(data[start : start + step])))
    except errors:
        pass  # the caller sees that bytes are missing
    return memoryview(b''.join(pieces))[:size]


def _decompressor(compression: str, path: Path) -> tuple[Any, tuple[type[Exception], ...]]:
    """A decompressor of a stream, and what it raises on damage."""
    try:
        if compression == 'zstd':
            import zstandard

            reader = zstandard.ZstdDecompressor().decompressobj()
            return reader, (zstandard.ZstdError, MemoryError)
        if compression == 'lz4':
            import lz4.frame

            return lz4.frame.LZ4FrameDecompressor(), (RuntimeError, EOFError, MemoryError)
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{path} is compressed by {compression}; install the Python package '{error.name}': "
            'pip install zstandard lz4'
        ) from error
    raise DataError(f"{path} is compressed by '{compression}'; zstd and lz4 can be read")
