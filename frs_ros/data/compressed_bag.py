# SPDX-License-Identifier: Apache-2.0
"""Bags that rosbag2 compressed file by file or message by message, through rosbags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from frs_ros.data.bag_file import BagChannel, BagMessage
from frs_ros.errors import DataError


class CompressedBag:
    """A `BagFile` that stands for a whole folder; it must be finished."""

    def __init__(self, path: Path) -> None:
        """Reads the list of topics; DataError if the bag cannot be read."""
        files = sorted(p for p in path.iterdir() if p.name != 'metadata.yaml')
        self.path = files[0] if files else path
        self.size, self.position = sum(p.stat().st_size for p in files), 0
        self.notes: list[str] = []
        self.channels: dict[str, BagChannel] = {}
        self._folder = path
        try:
            with self._reader() as reader:
                self.storage = 'mcap' if '.mcap' in self.path.suffixes else 'sqlite3'
                for connection in reader.connections:
                    definition = connection.msgdef
                    encoding = 'ros2idl' if definition.format.name == 'IDL' else 'ros2msg'
                    self.channels[connection.topic] = BagChannel(
                        connection.topic, connection.msgtype, definition.data, encoding
                    )
        except Exception as error:  # the errors of the decompressors are legion
            raise DataError(f'compressed bag {path} cannot be read: {error}') from error

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order of their stamps."""
        self.notes.clear()
        try:
            with self._reader() as reader:
                chosen = [c for c in reader.connections if wanted(c.topic)]
                if chosen:
                    for connection, stamp_ns, data in reader.messages(chosen):
                        yield BagMessage(connection.topic, stamp_ns, data)
        except Exception as error:
            self.notes.append(f'unfinished: {error}')
        self.position = self.size

    def _reader(self) -> Any:
        from rosbags.rosbag2 import Reader

        return Reader(self._folder)
