# SPDX-License-Identifier: Apache-2.0
"""Reads MCAP files (https://mcap.dev/spec) from front to back, whole or not.

No index is needed: what a killed recorder, a full disk or a broken copy has left is read as far as
it goes, also within a chunk that was cut. A damaged chunk is skipped and said.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from frs_ros.bags.read.bag_file import (
    LARGEST_MESSAGE,
    MOST_TOPICS,
    BagChannel,
    BagMessage,
    read_until,
)
from frs_ros.bags.read.decompress import decompress
from frs_ros.errors import DataError

MAGIC = b'\x89MCAP0\r\n'

_RECORD = struct.Struct('<BQ')  # opcode, length
_HEAD = struct.Struct('<HIQQ')  # channel, sequence, log time, publish time
_CHUNK = struct.Struct('<QQQI')  # start, end, uncompressed size, CRC
_FOOTER, _SCHEMA, _CHANNEL, _MESSAGE, _CHUNK_OP = 0x02, 0x03, 0x04, 0x05, 0x06
_IN_SUMMARY = (_SCHEMA, _CHANNEL, 0x08, 0x0A, 0x0B, 0x0D, 0x0E)  # the rest are indexes
_LAST_OPCODE, _FIRST_PRIVATE = 0x0F, 0x80  # what is between them does not exist
_FOOTER_SIZE = 20
_NOTED = 3  # so many damaged parts get a line of their own
_LARGEST_CHUNK = 512 << 20  # bytes; more is damage
_LARGEST_GAIN = 1000  # a chunk that becomes so many times as large is made to fill memory,
_SMALL_CHUNK = 16 << 20  # unless it is small
_LARGEST_SUMMARY = 64 << 20  # bytes
_MOST_IN_SUMMARY = 1_000_000  # records
_LARGEST_TEXT = 1 << 20  # bytes of a schema or a channel
_LARGEST_TEXTS = 64 << 20  # bytes of all of them


class _Damage(Exception):
    """A record does not hold what it says."""


class McapFile:
    """A `BagFile`."""

    storage = 'mcap'

    def __init__(self, path: Path) -> None:
        """Opens nothing yet; DataError if the file is no MCAP."""
        self.path, self.size, self.position = path, path.stat().st_size, 0
        self.channels: dict[str, BagChannel] = {}
        self.notes: list[str] = []
        self._schemas: dict[int, tuple[str, str, str]] = {}
        self._topics: dict[int, str] = {}
        self._chosen: dict[int, str | None] = {}
        self._wanted: Callable[[str], bool] = bool
        self._newest_ns, self._over = 0, False
        self._damaged = self._declared = 0
        with path.open('rb') as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise DataError(f'{path} is empty or no MCAP file')
            with contextlib.suppress(_Damage, struct.error, UnicodeDecodeError, OSError):
                self._read_summary(file)

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""
        self._wanted, self._chosen = wanted, {}
        self._newest_ns, self._over, self._damaged = 0, False, 0
        self.notes.clear()
        with self.path.open('rb') as file:
            file.seek(len(MAGIC))
            self.position = len(MAGIC)
            while not self._over:
                yield from self._record(file)
        if self._damaged > _NOTED:
            self.notes.append(f'damaged: left out {self._damaged - _NOTED} further parts')

    def _read_summary(self, file: BinaryIO) -> None:
        """Learns the topics from the end of a finished file.

        They are declared in the chunks, too, but a chunk can be damaged.
        """
        footer = self.size - len(MAGIC) - _FOOTER_SIZE - _RECORD.size
        if footer < len(MAGIC):
            return
        file.seek(footer)
        opcode, length = _RECORD.unpack(file.read(_RECORD.size))
        (start,) = struct.unpack('<Q', file.read(8))
        if opcode != _FOOTER or length != _FOOTER_SIZE or not 0 < start < footer:
            return
        file.seek(start)
        end = min(footer, start + _LARGEST_SUMMARY)
        for _ in range(_MOST_IN_SUMMARY):
            head = file.read(_RECORD.size)
            opcode, length = _RECORD.unpack(head) if len(head) == _RECORD.size else (0, 0)
            start += _RECORD.size + length
            if opcode not in _IN_SUMMARY or start > end:
                return  # over, or the footer is wrong
            if opcode in (_SCHEMA, _CHANNEL) and length <= _LARGEST_TEXT:
                self._declare(opcode, memoryview(file.read(length)))
            else:
                file.seek(length, 1)

    def _record(self, file: BinaryIO) -> Iterator[BagMessage]:
        """Reads one record of the file."""
        head = file.read(_RECORD.size)
        if len(head) < _RECORD.size:
            self._unfinished('it ends without its index')
            return
        opcode, length = _RECORD.unpack(head)
        start = self.position + _RECORD.size
        left = self.size - start
        if opcode == _FOOTER:
            self.position, self._over = self.size, True
            return
        if not opcode or _LAST_OPCODE < opcode < _FIRST_PRIVATE:
            self._unfinished(f'it is damaged at byte {self.position}')
            return
        known = opcode in (_SCHEMA, _CHANNEL, _MESSAGE)
        if (known or opcode == _CHUNK_OP) and length <= left and length > _largest(opcode):
            self._leave_out(start, f'a record of {length} bytes')
            file.seek(length, 1)
        elif opcode == _CHUNK_OP or (known and length <= left):
            content = memoryview(file.read(min(length, left, _largest(opcode))))
            yield from self._content(opcode, content, start, whole=length <= left)
        else:
            file.seek(min(length, left), 1)
        self.position = min(self.size, start + length)
        if length > left:
            self._unfinished('its end is missing')

    def _content(
        self, opcode: int, content: memoryview, start: int, *, whole: bool
    ) -> Iterator[BagMessage]:
        """Messages of a record; damage is noted."""
        try:
            if opcode == _CHUNK_OP:
                yield from self._chunk(content, whole=whole)
            elif opcode == _MESSAGE:
                message = self._message(content)
                if message is not None:
                    yield message
            else:
                self._declare(opcode, content)
        except (_Damage, struct.error, UnicodeDecodeError) as error:
            if whole:  # else it is said that the end is missing
                self._leave_out(start, str(error))

    def _leave_out(self, start: int, why: str) -> None:
        self._damaged += 1
        if self._damaged <= _NOTED:
            self.notes.append(f'damaged: left out a part at byte {start}: {why}')

    def _chunk(self, content: memoryview, *, whole: bool) -> Iterator[BagMessage]:
        """Messages of a chunk; if it was cut, those that are complete."""
        data = self._records(content, whole=whole)
        position, end = 0, len(data)
        while position + _RECORD.size <= end:
            opcode, length = _RECORD.unpack_from(data, position)
            start = position + _RECORD.size
            position = start + length
            if position > end:
                if whole:
                    raise _Damage('a record longer than its chunk')
                break  # the rest was cut
            if opcode == _MESSAGE:
                message = self._message(data[start:position])
                if message is not None:
                    yield message
            elif opcode in (_SCHEMA, _CHANNEL):
                self._declare(opcode, data[start:position])
            else:
                raise _Damage(f'a record of kind {opcode} in a chunk')

    def _records(self, content: memoryview, *, whole: bool) -> memoryview:
        """The records in a chunk."""
        _, _, size, crc = _CHUNK.unpack_from(content)
        compression, position = _text(content, _CHUNK.size)
        (stored,) = struct.unpack_from('<Q', content, position)
        data = content[position + 8 : position + 8 + stored]
        gain = max(_SMALL_CHUNK, _LARGEST_GAIN * len(data))
        if size > min(_LARGEST_CHUNK, gain) or (whole and len(data) < stored):
            raise _Damage('a chunk of impossible size')
        if compression:
            data = decompress(data, compression, size, self.path)
        if whole and len(data) != size:
            more = 'more' if len(data) > size else str(len(data))
            raise _Damage(f'a chunk of {more} instead of {size} bytes')
        if whole and crc and zlib.crc32(data) != crc:
            raise _Damage('the checksum of a chunk is wrong')
        return data

    def _message(self, content: memoryview) -> BagMessage | None:
        """The message of a record, None if it is not wanted."""
        number, _, log_ns, _ = _HEAD.unpack_from(content)
        if log_ns > self._newest_ns:
            self._newest_ns = log_ns
        topic = self._choice(number)
        return None if topic is None else BagMessage(topic, log_ns, content[_HEAD.size :])

    def _declare(self, opcode: int, content: memoryview) -> None:
        """Takes in a schema or a channel."""
        (number,) = struct.unpack_from('<H', content)
        if number not in (self._schemas if opcode == _SCHEMA else self._topics):
            self._declared += len(content)
        if len(content) > _LARGEST_TEXT or self._declared > _LARGEST_TEXTS:
            raise _Damage('more definitions than a bag has')
        if opcode == _SCHEMA:
            kind, position = _text(content, 2)
            encoding, position = _text(content, position)
            definition, _ = _text(content, position)
            self._schemas[number] = (kind, definition, encoding)
            return
        (schema,) = struct.unpack_from('<H', content, 2)
        topic, _ = _text(content, 4)
        kind, definition, encoding = self._schemas.get(schema, ('', '', ''))
        if len(self.channels) >= MOST_TOPICS and topic not in self.channels:
            raise _Damage('more topics than a bag has')
        self.channels.setdefault(topic, BagChannel(topic, kind, definition, encoding))
        self._topics[number] = topic

    def _choice(self, number: int) -> str | None:
        """The topic of a channel if it is wanted."""
        if number not in self._chosen:
            topic = self._topics.get(number)
            if topic is None:
                raise _Damage(f'a message of channel {number}, which is not declared')
            self._chosen[number] = topic if self._wanted(topic) else None
        return self._chosen[number]

    def _unfinished(self, why: str) -> None:
        self.notes.append(f'unfinished: {read_until(self._newest_ns)}; {why}')
        self._over = True


def _largest(opcode: int) -> int:
    """Bytes that a record of a kind may have."""
    if opcode in (_SCHEMA, _CHANNEL):
        return _LARGEST_TEXT
    return LARGEST_MESSAGE if opcode == _MESSAGE else _LARGEST_CHUNK


def _text(content: memoryview, position: int) -> tuple[str, int]:
    """A string with its length before it, and where it ends."""
    (length,) = struct.unpack_from('<I', content, position)
    end = position + 4 + length
    if end > len(content):
        raise _Damage('a text longer than its record')
    return str(content[position + 4 : end], 'utf-8'), end
