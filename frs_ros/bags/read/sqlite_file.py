# SPDX-License-Identifier: Apache-2.0
"""Reads SQLite bags of rosbag2 in the order in which they were written, without changing them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from frs_ros.bags.read import sqlite_guard
from frs_ros.bags.read.bag_file import (
    LARGEST_MESSAGE,
    MOST_TOPICS,
    BagChannel,
    BagMessage,
    read_until,
)
from frs_ros.bags.read.sqlite_guard import GuardedDatabase
from frs_ros.errors import DataError
from frs_ros.text import one_line

MAGIC = b'SQLite format 3\x00'
_TAIL = 32  # bytes at the end of a message; an image does not end in so many zeros
_TOPICS, _MESSAGES = {'name', 'type'}, {'topic_id', 'timestamp', 'data'}
_DEFINITIONS = ('topic_type', 'encoded_message_definition', 'encoding')


class SqliteFile:
    """A `BagFile`."""

    storage = 'sqlite3'

    def __init__(self, path: Path) -> None:
        """Reads the list of topics; DataError if the file is no bag."""
        self.path, self.size, self.position = path, path.stat().st_size, 0
        self.notes: list[str] = []
        self._page, self._cut = _pages(path)
        try:
            with self._opened() as database:
                self._numbers, self.channels = _channels(database)
        except (sqlite3.Error, UnicodeDecodeError, DataError) as error:
            raise DataError(
                f'{path} is damaged or no bag of rosbag2: {one_line(error)}'
            ) from error

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""
        self.notes.clear()
        numbers = ', '.join(str(n) for n, topic in self._numbers.items() if wanted(topic))
        # every row is looked at, so that a damaged tree cannot hide how long it is
        query = (
            f'SELECT id, topic_id, timestamp, CASE WHEN topic_id IN ({numbers}) THEN CASE WHEN '
            f"typeof(data) = 'blob' AND length(data) <= {LARGEST_MESSAGE} THEN data ELSE '' END "
            'END FROM messages NOT INDEXED ORDER BY id'
        )
        newest_ns, damaged, last = 0, 0, -(1 << 63)
        try:
            with self._opened() as database:
                for row, number, stamp_ns, data in database.rows(query):
                    if row <= last:
                        raise sqlite3.DatabaseError('its rows come twice')
                    last = row
                    if data is None:
                        continue
                    if data == '' or not isinstance(stamp_ns, int) or self._is_torn(data):
                        damaged += 1
                        continue
                    newest_ns = max(newest_ns, stamp_ns)
                    self.position = min(self.size, self.position + len(data))
                    yield BagMessage(self._numbers[number], stamp_ns, data)
        except (sqlite3.Error, UnicodeDecodeError, DataError) as error:
            self.notes.append(f'unfinished: {read_until(newest_ns)}; {one_line(error)}')
        if damaged:
            self.notes.append(f'damaged: left out {damaged} messages that are not whole')
        self.position = self.size

    def _is_torn(self, data: bytes) -> bool:
        return self._cut and len(data) > self._page - 100 and not any(data[-_TAIL:])

    def _opened(self) -> AbstractContextManager[GuardedDatabase]:
        return sqlite_guard.opened(
            self.path, self._page, cut=self._cut, notes=self.notes, largest=LARGEST_MESSAGE
        )


def _pages(path: Path) -> tuple[int, bool]:
    """Bytes of a page, and whether the file is shorter than it says.

    https://sqlite.org/fileformat.html, section 1.3.
    """
    with path.open('rb') as file:
        head = file.read(100)
    page = int.from_bytes(head[16:18], 'big')
    page = 65536 if page == 1 else max(page, 512)
    return page, int.from_bytes(head[28:32], 'big') * page > path.stat().st_size


def _channels(database: GuardedDatabase) -> tuple[dict[int, str], dict[str, BagChannel]]:
    """Number -> topic, and topic -> what the bag says about it."""
    for table, needed in (('topics', _TOPICS), ('messages', _MESSAGES)):
        if not needed <= database.columns(table):
            raise DataError(f"it has no table '{table}' with {', '.join(sorted(needed))}")
    definitions: dict[str, tuple[str, str]] = {}
    if set(_DEFINITIONS) <= database.columns('message_definitions'):  # since schema 4
        query = f'SELECT {", ".join(_DEFINITIONS)} FROM message_definitions LIMIT {MOST_TOPICS}'
        rows = database.rows(query)
        definitions = {str(kind): (str(text), str(encoding)) for kind, text, encoding in rows}
    numbers: dict[int, str] = {}
    channels: dict[str, BagChannel] = {}
    query = f'SELECT id, name, type FROM topics ORDER BY id LIMIT {MOST_TOPICS}'
    for number, topic, kind in database.rows(query):
        numbers[int(number)] = str(topic)
        text, encoding = definitions.get(str(kind), ('', ''))
        channels.setdefault(str(topic), BagChannel(str(topic), str(kind), text, encoding))
    return numbers, channels
