# SPDX-License-Identifier: Apache-2.0
"""Messages in an MCAP file (https://mcap.dev/spec), uncompressed, with all indexes.

The `mcap` package writes the small records. Chunks are put together here: its writer ends a chunk
only when it is full, and copies every image several times.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write.mcap_chunk import McapChunk

if TYPE_CHECKING:
    from mcap.records import McapRecord, Statistics

MAGIC = b'\x89MCAP0\r\n'
PROFILE, LIBRARY = 'ros2', 'frs_ros'


def open_new(path: Path) -> FileIO:
    """An unbuffered file that did not exist: what is written is with the operating system."""
    return FileIO(path, 'x')


class McapStorage:
    """A `Storage`; each flush ends a chunk, so that a reader finds whole chunks up to then."""

    identifier = 'mcap'

    def __init__(self, path: Path, open_file: Callable[[Path], FileIO] = open_new) -> None:
        """Creates the file; OSError if it exists or cannot be written."""
        from mcap.records import ChunkIndex, Header, Statistics

        self.path = path
        self._file = open_file(path)
        self._end = 0  # of what is whole in the file
        self._schemas: dict[str, int] = {}
        self._declarations: list[McapRecord] = []  # schemas and channels
        self._chunk = McapChunk()
        self._chunks: list[ChunkIndex] = []
        self._statistics = Statistics(
            attachment_count=0,
            channel_count=0,
            channel_message_counts={},
            chunk_count=0,
            message_count=0,
            message_end_time=0,
            message_start_time=0,
            metadata_count=0,
            schema_count=0,
        )
        self._append(MAGIC + _bytes(Header(PROFILE, LIBRARY)))

    @property
    def buffered(self) -> int:
        """Bytes since the last flush."""
        return self._chunk.size

    def add_topic(self, topic: BagTopic) -> int:
        """Declares a topic."""
        from mcap.records import Channel, Schema

        if topic.type not in self._schemas:
            number = self._schemas[topic.type] = len(self._schemas) + 1
            text = topic.definition.encode()
            self._declare(Schema(data=text, encoding='ros2msg', id=number, name=topic.type))
        number = len(self._statistics.channel_message_counts) + 1
        self._statistics.channel_message_counts[number] = 0
        metadata = {
            'offered_qos_profiles': yaml.safe_dump([dict(q) for q in topic.qos], sort_keys=False),
            'topic_type_hash': topic.type_hash,
        }
        self._declare(Channel(number, topic.name, 'cdr', metadata, self._schemas[topic.type]))
        return number

    def write(self, number: int, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Adds a message to the chunk."""
        self._chunk.add(number, log_ns, publish_ns, data)

    def flush(self) -> None:
        """Writes the chunk."""
        if not self._chunk.size:
            return
        chunk, self._chunk = self._chunk, McapChunk()
        start = self._end
        try:
            self._append(chunk.encoded())
        except OSError:
            # the next chunk must know its topics all the same
            for record in self._declarations:
                self._chunk.declare(_bytes(record))
            raise
        self._chunks.append(chunk.index(start))
        _count(self._statistics, chunk)

    def close(self, metadata: str) -> None:
        """Writes metadata and summary, and closes."""
        from mcap.records import DataEnd, Metadata, MetadataIndex

        self.flush()
        # as rosbag2 does: the file alone says everything
        about = _bytes(Metadata('rosbag2', {'serialized_metadata': metadata}))
        index = MetadataIndex(self._end, len(about), 'rosbag2')
        self._statistics.metadata_count = 1
        data_end = about + _bytes(DataEnd(0))
        self._append(data_end + self._summary(self._end + len(data_end), index) + MAGIC)
        self._file.close()

    def abandon(self) -> None:
        """Closes without a summary: readers that scan find all whole chunks."""
        self._file.close()

    def _declare(self, record: McapRecord) -> None:
        self._declarations.append(record)
        self._chunk.declare(_bytes(record))

    def _append(self, data: bytes) -> None:
        """Appends all or nothing."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            # what was written in part gives its room back
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end += len(data)

    def _summary(self, start: int, metadata: McapRecord) -> bytes:
        """Summary section and footer of a file whose summary begins at `start`."""
        from mcap.records import Channel, Footer, Schema, SummaryOffset

        self._statistics.schema_count = len(self._schemas)
        self._statistics.channel_count = len(self._statistics.channel_message_counts)
        groups: list[list[McapRecord]] = [
            [r for r in self._declarations if isinstance(r, Schema)],
            [r for r in self._declarations if isinstance(r, Channel)],
            [self._statistics],
            [*self._chunks],
            [metadata],
        ]
        summary, offsets = b'', b''
        for group in filter(None, groups):
            data = b''.join(_bytes(record) for record in group)
            offset = SummaryOffset(data[0], start + len(summary), len(data))
            summary, offsets = summary + data, offsets + _bytes(offset)
        data = summary + offsets
        footer = _bytes(Footer(start, start + len(summary), 0))
        crc = zlib.crc32(data + footer[:-4])  # over all of the footer but this number
        return data + footer[:-4] + crc.to_bytes(4, 'little')


def _bytes(record: McapRecord) -> bytes:
    from mcap.data_stream import RecordBuilder

    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def _count(statistics: Statistics, chunk: McapChunk) -> None:
    """Adds a chunk's messages to the statistics of the file."""
    statistics.chunk_count += 1
    if not chunk.count:
        return
    first = statistics.message_count == 0
    earliest = chunk.start_ns if first else min(statistics.message_start_time, chunk.start_ns)
    statistics.message_start_time = earliest
    statistics.message_end_time = max(statistics.message_end_time, chunk.end_ns)
    statistics.message_count += chunk.count
    for number, entries in chunk.entries.items():
        statistics.channel_message_counts[number] += len(entries)
