# SPDX-License-Identifier: Apache-2.0
"""Opens an SQLite file that nobody vouches for: nothing but the file itself is read or changed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from frs_ros.errors import DataError

STEPS = 2_000_000  # of SQLite's virtual machine, without a row; more is a tree that has no end
_LOOK = 10_000  # steps between two looks
_LARGEST_TEXT = 64 << 20  # bytes of a value that is no message
_LARGEST_SIDECAR = 1 << 30  # bytes
_SPARE = 64 << 20  # bytes that stay free beside a copy
_SIDECARS = ('-journal', '-wal')  # beside the file: a transaction that a kill interrupted
_JOURNAL_MAGIC = bytes.fromhex('d9d505f920a163d7')  # https://sqlite.org/fileformat.html, 3
_HARMLESS = {'typeof', 'length', 'lower'}
_SAFE_PRAGMAS = ('trusted_schema=OFF', 'cell_size_check=ON', 'temp_store=MEMORY', 'mmap_size=0')


class GuardedDatabase:
    """An open database that answers plain queries of plain tables."""

    def __init__(self, database: sqlite3.Connection, largest: int) -> None:
        """Takes over a connection; no value of more than `largest` bytes is read."""
        self._database, self._looks = database, 0
        for pragma in _SAFE_PRAGMAS:
            database.execute(f'PRAGMA {pragma}').fetchall()
        if hasattr(database, 'setlimit'):  # since Python 3.11
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(largest, _LARGEST_TEXT))
        database.set_progress_handler(self._look, _LOOK)
        database.set_authorizer(_authorize)

    def rows(self, query: str) -> Iterator[tuple]:
        """Rows of a query; sqlite3.Error where the file is damaged or a table is endless."""
        self._looks = 0
        for row in self._database.execute(query):
            self._looks = 0
            yield row

    def columns(self, table: str) -> set[str]:
        """Columns of a table; empty if there is none of this name.

        Raises:
            DataError: It is a view, virtual, computed, or not in the order of its `id`: no table
                that rosbag2 has made.
        """
        query = f"SELECT type, rootpage FROM sqlite_master WHERE lower(name) = '{table}'"
        objects = list(self.rows(query))
        if not objects:
            return set()
        plain = len(objects) == 1 and objects[0][0] == 'table' and objects[0][1]
        about = list(self.rows(f'PRAGMA table_xinfo({table})')) if plain else []
        found = {str(name): (str(kind).upper(), key) for _, name, kind, _, _, key, _ in about}
        if any(row[-1] for row in about) or found.get('id') != ('INTEGER', 1):
            raise DataError(f"'{table}' is no table of rosbag2")
        return set(found)

    def _look(self) -> bool:
        self._looks += 1
        return self._looks > STEPS // _LOOK  # True interrupts


@contextlib.contextmanager
def opened(
    path: Path, page: int, *, cut: bool, notes: list[str], largest: int
) -> Iterator[GuardedDatabase]:
    """The database; a copy of it if SQLite has to finish or undo a transaction first.

    Args:
        path: The file.
        page: Bytes of a page.
        cut: Whether its end is missing.
        notes: Given a line about what beside the file is not used.
        largest: Bytes of a value beyond which none is read.

    Raises:
        sqlite3.Error: It is damaged.
        DataError: There is no room for a copy.
    """
    with contextlib.ExitStack() as stack:
        place, options = path.absolute(), '?mode=ro&immutable=1'
        sidecars = _sidecars(path, notes)
        if sidecars or cut:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='frs_bag_')))
            _require_room(path, sidecars, folder)
            place, options = folder / 'bag.db3', ''
            _copy(path, place)
            for suffix in sidecars:
                _copy(Path(f'{path}{suffix}'), Path(f'{place}{suffix}'))
            if cut:  # of half a page SQLite would believe that it ends in zeros
                os.truncate(place, place.stat().st_size // page * page)
            if _names_another_file(Path(f'{place}-journal')):
                Path(f'{place}-journal').unlink()
                notes.append('damaged: its journal names another file and is not used')
        # a player opens it in one thread and reads it in another
        database = sqlite3.connect(
            f'file:{quote(str(place))}{options}', uri=True, check_same_thread=False
        )
        stack.enter_context(contextlib.closing(database))
        if cut:  # SQLite then reads what there is
            database.execute('PRAGMA writable_schema=ON')
        yield GuardedDatabase(database, largest)


def _authorize(action: int, name: str | None, other: str | None, *_: str | None) -> int:
    """Allows to read, nothing else."""
    plain = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
    harmless = action == sqlite3.SQLITE_FUNCTION and other in _HARMLESS
    schema = action == sqlite3.SQLITE_PRAGMA and name == 'table_xinfo'
    return sqlite3.SQLITE_OK if plain or harmless or schema else sqlite3.SQLITE_DENY


def _sidecars(path: Path, notes: list[str]) -> list[str]:
    """Suffixes of the files with an interrupted transaction; others are noted."""
    found = []
    for suffix in _SIDECARS:
        try:
            about = Path(f'{path}{suffix}').lstat()
        except OSError:
            continue
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST_SIDECAR:
            notes.append(f'damaged: {path.name}{suffix} is no transaction of it and is not used')
        elif about.st_size:
            found.append(suffix)
    return found


def _names_another_file(journal: Path) -> bool:
    """Whether a journal ends in the name of a super-journal.

    SQLite removes that file when it undoes the transaction. Recorders have one database in a
    transaction, so theirs never name one.
    """
    if not journal.exists():
        return False
    with journal.open('rb') as file:
        file.seek(max(0, journal.stat().st_size - len(_JOURNAL_MAGIC)))
        return file.read() == _JOURNAL_MAGIC


def _require_room(path: Path, sidecars: list[str], folder: Path) -> None:
    files = [path, *(Path(f'{path}{suffix}') for suffix in sidecars)]
    needed = sum(file.stat().st_size for file in files) + _SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f'{path} is unfinished; a copy of it needs {needed >> 20} MiB, {folder.parent} has '
            f'{free >> 20} MiB free: set TMPDIR to a folder on a larger disk'
        )


def _copy(source: Path, target: Path) -> None:
    """Copies a file; holes stay holes."""
    with source.open('rb', buffering=0) as file, target.open('xb', buffering=0) as copy:
        size = os.fstat(file.fileno()).st_size
        start = 0
        while start < size:
            try:
                start = os.lseek(file.fileno(), start, os.SEEK_DATA)
            except OSError:
                break  # nothing but a hole is left
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            copy.seek(start)
            while start < end:
                start += os.sendfile(copy.fileno(), file.fileno(), start, end - start)
        copy.truncate(size)
