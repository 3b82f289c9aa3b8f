# SPDX-License-Identifier: Apache-2.0
"""Compressed parts of bags, also those that were cut; never more than they may become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from frs_ros.errors import DataError, DependencyError

_STEP = 1 << 16  # bytes that are decompressed at once


def decompress(data: memoryview, compression: str, size: int, path: Path) -> memoryview:
    """The bytes of a compressed part, as far as they can be had.

    Args:
        data: Compressed; may be damaged or end early.
        compression: 'zstd' or 'lz4'.
        size: Bytes there should be.
        path: The file, for messages.

    Returns:
        At most `size + 1` bytes: one more than there should be if there are more.

    Raises:
        DataError: The compression is not known.
        DependencyError: The library for it is not installed.
    """
    found = bytearray(size + 1)  # memory is only taken for what is written
    end = 0
    for piece in pieces(data, compression, path):
        piece = piece[: len(found) - end]
        found[end : end + len(piece)] = piece
        end += len(piece)
        if end == len(found):
            break
    return memoryview(found)[:end]


def pieces(data: Any, compression: str, path: Path) -> Iterator[bytes]:
    """The same piece by piece, without an end of its own; of 'zstd' also from an open file."""
    make, errors = _decompressor(compression, path)
    try:
        yield from make(data)
    except errors:
        return  # the caller sees that bytes are missing


def _decompressor(
    compression: str, path: Path
) -> tuple[Callable[[Any], Iterator[bytes]], tuple[type[Exception], ...]]:
    """Makes pieces of data, and what it raises on damage."""
    try:
        if compression == 'zstd':
            import zstandard

            return _zstd, (zstandard.ZstdError, MemoryError)
        if compression == 'lz4':
            import lz4.frame  # noqa: F401

            return _lz4, (RuntimeError, EOFError, MemoryError)
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{path} is compressed by {compression}; install the Python package '{error.name}': "
            'pip install zstandard lz4'
        ) from error
    raise DataError(f"{path} is compressed by '{compression[:20]}'; zstd and lz4 can be read")


def _zstd(data: Any) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(data)
    while piece := reader.read(_STEP):
        yield piece


def _lz4(data: Any) -> Iterator[bytes]:
    import lz4.frame

    reader = lz4.frame.LZ4FrameDecompressor()
    piece = reader.decompress(data, max_length=_STEP)
    while piece or not (reader.eof or reader.needs_input):
        yield piece
        if reader.eof:
            return
        piece = reader.decompress(b'', max_length=_STEP)
