# SPDX-License-Identifier: Apache-2.0
"""Reads SQLite bags of rosbag2 in the order in which they were written, without changing them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from frs_ros.data.bag_file import BagChannel, BagMessage, spell_time
from frs_ros.errors import DataError

MAGIC = b'SQLite format 3\x00'
_TAIL = 32  # bytes at the end of a message; a picture does not end in so many zeros
_SIDECARS = ('-journal', '-wal')  # beside the file: a transaction that a kill interrupted


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
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise DataError(f'{path} is damaged or no bag of rosbag2: {error}') from error

    def messages(self, wanted: Callable[[str], bool]) -> Iterator[BagMessage]:
        """Messages of the wanted topics in the order in which they were written."""
        self.notes.clear()
        numbers = [str(n) for n, topic in self._numbers.items() if wanted(topic)]
        query = (
            'SELECT topic_id, timestamp, data FROM messages '
            f'WHERE topic_id IN ({", ".join(numbers)}) ORDER BY id'
        )
        newest_ns = damaged = 0
        try:
            with self._opened() as database:
                for number, stamp_ns, data in database.execute(query):
                    if not isinstance(data, bytes) or not isinstance(stamp_ns, int):
                        continue
                    if self._cut and len(data) > self._page - 100 and not any(data[-_TAIL:]):
                        damaged += 1
                        continue
                    newest_ns = max(newest_ns, stamp_ns)
                    self.position = min(self.size, self.position + len(data))
                    yield BagMessage(self._numbers[number], stamp_ns, data)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            until = spell_time(newest_ns) if newest_ns else 'nothing'
            self.notes.append(f'unfinished: read up to {until}; {error}')
        if damaged:
            self.notes.append(f'damaged: left out {damaged} messages whose ends are missing')
        self.position = self.size

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The database; a copy of it if SQLite has to finish or undo a transaction first."""
        sidecars = [Path(f'{self.path}{suffix}') for suffix in _SIDECARS]
        sidecars = [s for s in sidecars if s.exists() and s.stat().st_size]
        with contextlib.ExitStack() as stack:
            place = f'file:{quote(str(self.path.absolute()))}?mode=ro&immutable=1'
            if sidecars or self._cut:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='frs_bag_'))
                for file in (self.path, *sidecars):
                    shutil.copyfile(file, Path(folder, file.name))
                copy = Path(folder, self.path.name)
                if self._cut:  # of half a page SQLite would believe that it ends in zeros
                    os.truncate(copy, self.size - self.size % self._page)
                place = f'file:{quote(str(copy))}'
            database = sqlite3.connect(place, uri=True)
            stack.enter_context(contextlib.closing(database))
            # SQLite then reads what there is of a file that was cut
            database.execute('PRAGMA writable_schema=ON')
            yield database


def _pages(path: Path) -> tuple[int, bool]:
    """Bytes of a page, and whether the file is shorter than it says.

    https://sqlite.org/fileformat.html, section 1.3.
    """
    with path.open('rb') as file:
        head = file.read(100)
    page = int.from_bytes(head[16:18], 'big')
    page = 65536 if page == 1 else max(page, 512)
    return page, int.from_bytes(head[28:32], 'big') * page > path.stat().st_size


def _channels(database: sqlite3.Connection) -> tuple[dict[int, str], dict[str, BagChannel]]:
    """Number -> topic, and topic -> what the bag says about it."""
    tables = {name for (name,) in database.execute('SELECT name FROM sqlite_master')}
    definitions: dict[str, tuple[str, str]] = {}
    if 'message_definitions' in tables:  # since schema 4
        rows = database.execute(
            'SELECT topic_type, encoded_message_definition, encoding FROM message_definitions'
        )
        definitions = {str(kind): (str(text), str(encoding)) for kind, text, encoding in rows}
    numbers: dict[int, str] = {}
    channels: dict[str, BagChannel] = {}
    for number, topic, kind in database.execute('SELECT id, name, type FROM topics'):
        numbers[int(number)] = str(topic)
        text, encoding = definitions.get(str(kind), ('', ''))
        channels.setdefault(str(topic), BagChannel(str(topic), str(kind), text, encoding))
    database.execute('SELECT topic_id, timestamp, data FROM messages LIMIT 1').fetchone()
    return numbers, channels
