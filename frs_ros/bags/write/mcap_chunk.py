# SPDX-License-Identifier: Apache-2.0
"""One chunk of an MCAP file: messages and their index (https://mcap.dev/spec#chunk-op0x06)."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcap.records import ChunkIndex

_MESSAGE = struct.Struct('<BQHIQQ')  # op, length, channel, sequence, log time, publish time
_CHUNK = struct.Struct('<BQQQQIIQ')  # op, length, start, end, size, CRC, compression '', size
_INDEX = struct.Struct('<BQHI')  # op, length, channel, bytes of entries
_ENTRY = struct.Struct('<QQ')  # log time, offset in the chunk
_OP_MESSAGE, _OP_CHUNK, _OP_INDEX = 0x05, 0x06, 0x07
_OP_AND_LENGTH = 9


class McapChunk:
    """Messages that are written together.

    Attributes:
        size: Bytes of its records.
        count: Messages.
        start_ns: Earliest log time; 0 without messages.
        end_ns: Latest log time.
        entries: Channel -> (log time, offset) of its messages.
    """

    def __init__(self) -> None:
        self.size = self.count = self.start_ns = self.end_ns = 0
        self.entries: dict[int, list[tuple[int, int]]] = {}
        self._pieces: list[bytes] = []
        self._crc = 0

    def declare(self, record: bytes) -> None:
        """Adds a schema or a channel."""
        self._add(record)

    def add(self, channel: int, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Adds a message; its bytes are kept, not copied."""
        entries = self.entries.setdefault(channel, [])
        entries.append((log_ns, self.size))
        self.start_ns = min(self.start_ns, log_ns) if self.count else log_ns
        self.end_ns = max(self.end_ns, log_ns)
        self.count += 1
        length = _MESSAGE.size - _OP_AND_LENGTH + len(data)
        self._add(_MESSAGE.pack(_OP_MESSAGE, length, channel, 0, log_ns, publish_ns))
        self._add(data)

    def encoded(self) -> bytes:
        """The chunk record and the index records behind it."""
        length = _CHUNK.size - _OP_AND_LENGTH + self.size
        times = self.start_ns, self.end_ns
        head = _CHUNK.pack(_OP_CHUNK, length, *times, self.size, self._crc, 0, self.size)
        return b''.join((head, *self._pieces, *self._indexes()))

    def index(self, start: int) -> ChunkIndex:
        """The index of this chunk for the end of the file, if it begins at offset `start`."""
        from mcap.records import ChunkIndex

        length = _CHUNK.size + self.size
        offsets, behind = {}, start + length
        for channel, entries in self.entries.items():
            offsets[channel] = behind
            behind += _INDEX.size + _ENTRY.size * len(entries)
        return ChunkIndex(
            chunk_length=length,
            chunk_start_offset=start,
            compression='',
            compressed_size=self.size,
            message_end_time=self.end_ns,
            message_index_length=behind - start - length,
            message_index_offsets=offsets,
            message_start_time=self.start_ns,
            uncompressed_size=self.size,
        )

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._crc = zlib.crc32(piece, self._crc)
        self.size += len(piece)

    def _indexes(self) -> list[bytes]:
        pieces = []
        for channel, entries in self.entries.items():
            size = _ENTRY.size * len(entries)
            length = _INDEX.size - _OP_AND_LENGTH + size
            pieces.append(_INDEX.pack(_OP_INDEX, length, channel, size))
            pieces += [_ENTRY.pack(*entry) for entry in entries]
        return pieces
