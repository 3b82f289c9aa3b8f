# SPDX-License-Identifier: Apache-2.0
"""Bags that are made to do harm, and a process that runs `frs bag info` on each of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b'\x89MCAP0\r\n'
JOURNAL_MAGIC = bytes.fromhex('d9d505f920a163d7')
CPU_SECONDS = 10.0  # of one answer, and what the start costs more
MEMORY = 3 << 30  # bytes of address space


@dataclass(frozen=True)
class Answer:
    """What `frs bag info` has done with a bag.

    Attributes:
        code: Its exit code.
        out: What it printed.
        error: What it wrote to stderr.
        peak: MB of memory that this and the bags before it took at most.
        seconds: Of CPU.
        broken: Traceback, '' if there was none.
    """

    code: int
    out: str
    error: str
    peak: float
    seconds: float
    broken: str


def ask(folders: Mapping[str, Path], timeout: float = 240.0) -> dict[str, Answer]:
    """Runs the command on every bag in one process with little memory."""
    words = [sys.executable, __file__, *(f'{name}={path}' for name, path in folders.items())]
    done = subprocess.run(words, capture_output=True, timeout=timeout, check=False, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]
    assert len(lines) == len(folders), done.stdout[-2000:] + done.stderr[-2000:]
    return {line.pop('name'): Answer(**line) for line in lines}


def _answer(path: str) -> dict[str, Any]:
    from frs_ros.cli import main

    def too_long(*_: object) -> None:
        raise TimeoutError(f'more than {CPU_SECONDS} s')

    out, error, broken, code = io.StringIO(), io.StringIO(), '', -1
    before = resource.getrusage(resource.RUSAGE_SELF)
    signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = main(['bag', 'info', path])
    except BaseException:
        broken = traceback.format_exc()
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        'code': code,
        'out': out.getvalue()[:4000],
        'error': error.getvalue()[:4000],
        'peak': _peak(),
        'seconds': after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        'broken': broken,
    }


def _peak() -> float:
    """Largest memory of this process, MB; that of getrusage begins with what its parent had."""
    status = Path('/proc/self/status').read_text(encoding='ascii')
    return float(status.split('VmHWM:')[1].split()[0]) / 1e3


def database(folder: Path, *statements: str, rows: bool = True) -> Path:
    """A folder with an SQLite bag of one topic after some further statements; returns the file."""
    folder.mkdir(parents=True)
    file = folder / 'x.db3'
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.executescript(
            'CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, '
            'serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);'
            'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, '
            'timestamp INTEGER NOT NULL, data BLOB NOT NULL);'
            "INSERT INTO topics VALUES(1, '/chatter', 'std_msgs/msg/String', 'cdr', '');"
        )
        if rows:
            opened.executemany(
                'INSERT INTO messages(topic_id, timestamp, data) VALUES(1, ?, ?)',
                [(10**18 + n, b'\x00\x01\x00\x00\x02\x00\x00\x00a\x00') for n in range(5)],
            )
        for statement in statements:
            opened.execute(statement)
    return file


def hot_journal(file: Path, victim: Path) -> None:
    """Leaves a journal whose transaction belongs to the super-journal `victim`.

    SQLite rolls it back and then removes the super-journal, unless its text names children.
    """
    copies = file.with_name('copies')
    copies.mkdir()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as opened:
        opened.execute('PRAGMA cache_size=1')
        opened.execute('BEGIN')
        opened.execute('UPDATE messages SET data = zeroblob(20000)')
        for source in list(file.parent.glob('x.db3*')):  # what kill -9 leaves
            shutil.copy(source, copies)
        opened.execute('ROLLBACK')
    for source in copies.iterdir():
        shutil.move(source, file.parent / source.name)
    copies.rmdir()
    journal = file.with_name(f'{file.name}-journal')
    content = bytearray(journal.read_bytes())
    page = int.from_bytes(file.read_bytes()[16:18], 'big')
    name = bytes(victim)
    tail = (2**30 // page + 1).to_bytes(4, 'big') + name + len(name).to_bytes(4, 'big')
    tail += (sum(name) & 0xFFFFFFFF).to_bytes(4, 'big') + JOURNAL_MAGIC
    journal.write_bytes(bytes(content) + tail)


def endless_tree(file: Path) -> None:
    """Makes the table of messages a tree of few pages that is passed through without an end."""
    data = bytearray(file.read_bytes())
    page = int.from_bytes(data[16:18], 'big')
    with contextlib.closing(sqlite3.connect(file)) as opened:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'messages'"
        (root,) = opened.execute(query).fetchone()
    leaf = bytes(data[(root - 1) * page : root * page])
    levels, first = 14, len(data) // page + 1

    def interior(child: int) -> bytes:
        count, content, cells = 300, b'', b''
        for number in range(count):
            cells = child.to_bytes(4, 'big') + bytes([number % 100 + 1]) + cells
        start = page - len(cells)
        for number in range(count):
            content += (page - 5 * (number + 1)).to_bytes(2, 'big')
        head = bytes([5, 0, 0]) + count.to_bytes(2, 'big') + start.to_bytes(2, 'big') + b'\x00'
        body = head + child.to_bytes(4, 'big') + content
        return body + bytes(start - len(body)) + cells

    data[(root - 1) * page : root * page] = interior(first)
    for level in range(levels):
        data += interior(first + level + 1)
    data += leaf
    data[28:32] = (len(data) // page).to_bytes(4, 'big')
    file.write_bytes(bytes(data))


def record(opcode: int, content: bytes) -> bytes:
    """A record of an MCAP file."""
    return struct.pack('<BQ', opcode, len(content)) + content


def words(*texts: bytes) -> bytes:
    """Texts with their lengths before them."""
    return b''.join(struct.pack('<I', len(text)) + text for text in texts)


def schema(kind: str, definition: str, encoding: str = 'ros2msg', number: int = 1) -> bytes:
    """Declares a type."""
    head = struct.pack('<H', number)
    return record(3, head + words(kind.encode(), encoding.encode(), definition.encode()))


def channel(topic: str, number: int = 1, of: int = 1) -> bytes:
    """Declares a topic."""
    return record(4, struct.pack('<HH', number, of) + words(topic.encode(), b'cdr', b''))


def message(data: bytes, number: int = 1) -> bytes:
    """A message that was received in the year 2001."""
    return record(5, struct.pack('<HIQQ', number, 0, 10**18, 10**18) + data)


def chunk(data: bytes, size: int, compression: str = 'zstd') -> bytes:
    """A chunk of compressed data that says it becomes `size` bytes."""
    head = struct.pack('<QQQI', 0, 0, size, 0) + words(compression.encode())
    return record(6, head + struct.pack('<Q', len(data)) + data)


def mcap(folder: Path, *records: bytes, start: int = 0, holes: int = 0) -> Path:
    """A folder with an MCAP file; returns the file.

    Args:
        folder: Made.
        records: Its content.
        start: Of the summary, as the footer says.
        holes: Bytes that were never written, before the footer.
    """
    folder.mkdir(parents=True)
    file = folder / 'x.mcap'
    with file.open('wb') as data:
        data.write(MAGIC + record(1, words(b'ros2', b'x')) + b''.join(records))
        data.seek(holes, 1)
        data.write(record(2, struct.pack('<QQI', start, 0, 0)) + MAGIC)
    return file


if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ['OMP_NUM_THREADS'] = '1'
    for word in sys.argv[1:]:
        title, _, place = word.partition('=')
        print(json.dumps({'name': title, **_answer(place)}), flush=True)
