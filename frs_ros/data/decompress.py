# SPDX-License-Identifier: Apache-2.0
"""Compressed chunks of MCAP files, also those that were cut."""

from __future__ import annotations

from pathlib import Path

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
    if compression not in ('zstd', 'lz4'):
        raise DataError(f"{path} is compressed by '{compression}'; zstd and lz4 can be read")
    try:
        if compression == 'zstd':
            import zstandard

            errors: tuple[type[Exception], ...] = (zstandard.ZstdError, MemoryError)
            reader = zstandard.ZstdDecompressor().decompressobj()
        else:
            import lz4.frame

            errors = (RuntimeError, EOFError, MemoryError)
            reader = lz4.frame.LZ4FrameDecompressor()
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{path} is compressed by {compression}; install the Python package '{error.name}': "
            'pip install zstandard lz4'
        ) from error
    pieces, step = [], len(data) if whole else 4096
    try:
        for start in range(0, len(data), max(step, 1)):
            pieces.append(reader.decompress(bytes(data[start : start + step])))
    except errors:
        pass  # the caller sees that bytes are missing
    return memoryview(b''.join(pieces))[:size]
