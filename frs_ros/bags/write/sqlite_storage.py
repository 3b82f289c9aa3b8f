# SPDX-License-Identifier: Apache-2.0
"""Messages in an SQLite file, laid out as rosbag2's storage plugin does (its schema 4)."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import yaml

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write.bag_metadata import ros_distro

METADATA_VERSION = 9
_FULL = 13  # SQLITE_FULL
_TABLES = """
CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL);
CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL,
  metadata TEXT NOT NULL);
CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
  serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL,
  type_description_hash TEXT NOT NULL);
CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL,
  encoding TEXT NOT NULL, encoded_message_definition TEXT NOT NULL,
  type_description_hash TEXT NOT NULL);
CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL,
  timestamp INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX timestamp_idx ON messages (timestamp ASC);
"""


class SqliteStorage:
    """A `Storage`; each flush is a transaction.

    A rollback journal and not a write-ahead log: everything is written once, and readers that
    open the file alone see it. Should a kill come while a transaction is written, the journal
    beside the file undoes it when SQLite opens the file next.
    """

    identifier = 'sqlite3'

    def __init__(self, path: Path) -> None:
        """Creates the file; OSError if it exists or cannot be written."""
        self.path, self.buffered = path, 0
        path.touch(exist_ok=False)
        self._types: set[str] = set()
        self._topics: list[BagTopic] = []
        with _os_errors(path):
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            # kill -9 cannot take what the operating system has; power cuts are for `Recording`.
            # Nothing of an open transaction is in the file before it is whole.
            for pragma in ('journal_mode=DELETE', 'synchronous=OFF', 'cache_spill=OFF'):
                self._database.execute(f'PRAGMA {pragma}').fetchall()
            self._database.executescript(_TABLES)
            self._database.execute('INSERT INTO schema VALUES(4, ?)', (ros_distro(),))
            self._database.execute('BEGIN')

    def add_topic(self, topic: BagTopic) -> int:
        """Declares a topic."""
        self._topics.append(topic)
        number = len(self._topics)
        with self._undone_if_it_fails():
            self._declare(number, topic)
        return number

    def write(self, number: int, log_ns: int, publish_ns: int, data: bytes) -> None:
        """Inserts a message."""
        with self._undone_if_it_fails():
            self._database.execute(
                'INSERT INTO messages(topic_id, timestamp, data) VALUES(?, ?, ?)',
                (number, log_ns, data),
            )
        self.buffered += len(data)

    def flush(self) -> None:
        """Commits."""
        with self._undone_if_it_fails():
            self._database.execute('COMMIT')
            self._database.execute('BEGIN')
        self.buffered = 0

    def close(self, metadata: str) -> None:
        """Adds the metadata and closes."""
        with self._undone_if_it_fails():
            self._database.execute(
                'INSERT INTO metadata(metadata_version, metadata) VALUES(?, ?)',
                (METADATA_VERSION, metadata),
            )
            self._database.execute('COMMIT')
        self._close()

    def abandon(self) -> None:
        """Closes without what came since the last flush."""
        with contextlib.suppress(sqlite3.Error):
            if self._database.in_transaction:
                self._database.execute('ROLLBACK')
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def _declare(self, number: int, topic: BagTopic) -> None:
        qos = yaml.safe_dump([dict(q) for q in topic.qos], sort_keys=False)
        row = number, topic.name, topic.type, 'cdr', qos, topic.type_hash
        self._database.execute('INSERT INTO topics VALUES(?, ?, ?, ?, ?, ?)', row)
        if topic.type not in self._types:
            self._database.execute(
                'INSERT INTO message_definitions(topic_type, encoding, '
                "encoded_message_definition, type_description_hash) VALUES(?, 'ros2msg', ?, ?)",
                (topic.type, topic.definition, topic.type_hash),
            )
            self._types.add(topic.type)

    @contextlib.contextmanager
    def _undone_if_it_fails(self) -> Iterator[None]:
        try:
            with _os_errors(self.path):
                yield
        except OSError:
            self._begin_anew()
            raise

    def _begin_anew(self) -> None:
        """Gives up the transaction, but not the topics it may have declared."""
        self.buffered = 0
        with contextlib.suppress(sqlite3.Error):
            if self._database.in_transaction:
                self._database.execute('ROLLBACK')
            self._database.execute('BEGIN')
            types = self._database.execute('SELECT topic_type FROM message_definitions')
            self._types = {name for (name,) in types}
            numbers = {n for (n,) in self._database.execute('SELECT id FROM topics')}
            for number, topic in enumerate(self._topics, 1):
                if number not in numbers:
                    self._declare(number, topic)


@contextlib.contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as OSError: a full disk has the same name everywhere."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, 'sqlite_errorcode', None)  # since Python 3.11
        full = code == _FULL or 'full' in str(error)
        number = errno.ENOSPC if full else errno.EIO
        reason = os.strerror(number) if full else str(error)
        raise OSError(number, reason, str(path)) from error
