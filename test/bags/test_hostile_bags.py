# SPDX-License-Identifier: Apache-2.0
"""Bags that are made to do harm: nothing outside them is touched, and the answer comes soon."""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import hostile_bags
import lz4.frame
import pytest
import zstandard
from hostile_bags import (
    Answer,
    channel,
    chunk,
    database,
    endless_tree,
    hot_journal,
    mcap,
    message,
    schema,
)

from frs_ros.bags.read.bag_reader import Bag
from frs_ros.errors import DataError

ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i'
Make = Callable[[Path], object]


def _super_journal(folder: Path) -> None:
    victim = folder.parent / 'victim.txt'
    victim.write_text('precious')
    hot_journal(database(folder), victim)


def _linked_journal(folder: Path) -> None:
    database(folder).with_name('x.db3-journal').symlink_to('/dev/zero')


def _huge_journal(folder: Path) -> None:
    with database(folder).with_name('x.db3-wal').open('wb') as file:
        file.truncate(1 << 40)


def _sparse(folder: Path) -> None:
    file = database(folder, 'PRAGMA user_version=1')
    with file.open('r+b') as data:
        data.seek(28)
        data.write((1 << 24).to_bytes(4, 'big'))  # pages; so that a copy of it is made
        data.truncate(1 << 33)


# name -> (makes the bag, exit code, words of the answer)
SQLITE: dict[str, tuple[Make, int, str]] = {
    'super-journal': (_super_journal, 0, 'journal names another file and is not used'),
    'journal that is a device': (_linked_journal, 0, 'is no transaction of it'),
    'endless write-ahead log': (_huge_journal, 0, 'is no transaction of it'),
    'file of holes': (_sparse, 0, 'finished'),
    'endless view of messages': (
        lambda folder: database(
            folder,
            'DROP TABLE messages',
            'CREATE VIEW messages(id, topic_id, timestamp, data) AS '
            f"{ENDLESS}, 1, 1, x'00' FROM n",
        ),
        2,
        "'messages' is no table of rosbag2",
    ),
    'endless view of topics': (
        lambda folder: database(
            folder,
            'DROP TABLE topics',
            f"CREATE VIEW topics(id, name, type) AS {ENDLESS}, 'a', 'b' FROM n",
        ),
        2,
        "'topics' is no table of rosbag2",
    ),
    'endless view of definitions': (
        lambda folder: database(
            folder,
            'CREATE VIEW message_definitions(topic_type, encoded_message_definition, encoding) '
            f"AS {ENDLESS}, '', '' FROM n",
        ),
        2,
        "'message_definitions' is no table of rosbag2",
    ),
    'computed column': (
        lambda folder: database(
            folder,
            'DROP TABLE messages',
            'CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, '
            'data BLOB AS (zeroblob(1000000000)))',
            'INSERT INTO messages(id, topic_id, timestamp) VALUES(1, 1, 1)',
            rows=False,
        ),
        2,
        "'messages' is no table of rosbag2",
    ),
    'virtual table': (
        lambda folder: database(
            folder,
            'DROP TABLE messages',
            'CREATE VIRTUAL TABLE messages USING fts4(id, topic_id, timestamp, data)',
            rows=False,
        ),
        2,
        "'messages' is no table of rosbag2",
    ),
    'endless tree': (lambda folder: endless_tree(database(folder)), 0, 'its rows come twice'),
    'message without measure': (
        lambda folder: database(
            folder, 'INSERT INTO messages VALUES(99, 1, 1, zeroblob(300000000))'
        ),
        0,
        'left out 1 messages that are not whole',
    ),
    'text in the place of a message': (
        lambda folder: database(folder, "INSERT INTO messages VALUES(99, 1, 'never', 'text')"),
        0,
        'left out 1 messages that are not whole',
    ),
    'text in the place of a number': (
        lambda folder: database(
            folder,
            'ALTER TABLE topics RENAME TO old',
            'CREATE TABLE topics(id INTEGER PRIMARY KEY, name, type)',
            'INSERT INTO topics VALUES(1, zeroblob(9), NULL)',
        ),
        0,
        '5',
    ),
}

CHATTER = schema('std_msgs/msg/String', 'string data\n') + channel('/chatter')
HELLO = b'\x00\x01\x00\x00\x02\x00\x00\x00a\x00'


def _zstd(size: int) -> bytes:
    pieces = zstandard.ZstdCompressor().compressobj()
    zeros = bytes(1 << 20)
    return b''.join([*(pieces.compress(zeros) for _ in range(size >> 20)), pieces.flush()])


def _bomb(compression: str, told: int) -> Make:
    """A chunk of 1.5 GB, in a small file."""

    def make(folder: Path) -> None:
        if compression == 'zstd':
            data = _zstd(3 << 29)
        else:
            frame = lz4.frame.LZ4FrameCompressor()
            zeros = bytes(1 << 24)
            pieces = [frame.begin(), *(frame.compress(zeros) for _ in range(40)), frame.flush()]
            data = b''.join(pieces)
        mcap(folder, CHATTER, message(HELLO), chunk(data, told, compression))

    return make


def _typed(definition: str, encoding: str = 'ros2msg', data: bytes = bytes(64)) -> Make:
    """A type of ours with another definition."""
    kind = schema('frs_ros/msg/Episode', definition, encoding)
    return lambda folder: mcap(folder, kind, channel('/episode'), message(data))


def _wrong_summary(folder: Path) -> None:
    mcap(folder, CHATTER, message(HELLO), start=40, holes=1 << 32)


def _endless_summary(folder: Path) -> None:
    record = hostile_bags.record(0x0D, b'')
    mcap(folder, CHATTER, message(HELLO), record * 3_000_000, start=40)


def _metadata(text: str) -> Make:
    def make(folder: Path) -> None:
        mcap(folder, CHATTER, message(HELLO))
        (folder / 'metadata.yaml').write_text(text)

    return make


def _compressed_file(folder: Path) -> None:
    folder.mkdir()
    (folder / 'x.mcap.zstd').write_bytes(_zstd(3 << 29))
    (folder / 'metadata.yaml').write_text(COMPRESSED.format('file'))


def _compressed_message(folder: Path) -> None:
    mcap(folder, CHATTER, message(_zstd(3 << 29)), message(HELLO))
    (folder / 'metadata.yaml').write_text(COMPRESSED.format('message'))


def _pipe(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / 'x.mcap')


COMPRESSED = 'rosbag2_bagfile_information: {{compression_mode: {}, compression_format: zstd}}'
STEPS = 'a/B[{0}] b\n' + '=' * 80 + '\nMSG: a/B\n{1}'
UNUSABLE = 'the definition of frs_ros/msg/Episode in the bag cannot be used'
ALIASES = '\n'.join(
    ['a0: &a0 [x, x, x, x, x, x, x, x]']
    + [f'a{n + 1}: &a{n + 1} [{", ".join([f"*a{n}"] * 8)}]' for n in range(12)]
)

MCAP: dict[str, tuple[Make, int, str]] = {
    'zstd chunk that says 100 bytes': (_bomb('zstd', 100), 0, 'a chunk of more instead of 100'),
    'zstd chunk that says what it is': (_bomb('zstd', 3 << 29), 0, 'a chunk of impossible size'),
    'lz4 chunk that says 100 bytes': (_bomb('lz4', 100), 0, 'a chunk of more instead of 100'),
    'lz4 chunk that says less': (_bomb('lz4', 16 << 20), 0, 'a chunk of more instead of'),
    'wrong offset of the summary': (_wrong_summary, 0, 'it is damaged at byte'),
    'endless summary': (_endless_summary, 0, '/chatter'),
    'message in a hole': (
        lambda folder: mcap(
            folder,
            CHATTER,
            message(HELLO),
            struct.pack('<BQ', 5, 8 << 30),
            holes=8 << 30,
        ),
        0,
        f'a record of {8 << 30} bytes',
    ),
    'chunk in a hole': (
        lambda folder: mcap(
            folder,
            CHATTER,
            message(HELLO),
            struct.pack('<BQ', 6, 8 << 30),
            holes=8 << 30,
        ),
        0,
        f'a record of {8 << 30} bytes',
    ),
    'array without measure': (_typed(STEPS.format(100_000_000, 'float64 x')), 0, UNUSABLE),
    'arrays in arrays': (
        _typed(
            'a/B[100] b\n'
            + ''.join(
                f'{"=" * 80}\nMSG: a/{one}\na/{other}[100] x\n'
                for one, other in ('BC', 'CD', 'DE')
            )
            + f'{"=" * 80}\nMSG: a/E\nfloat64 x\n'
        ),
        0,
        UNUSABLE,
    ),
    'fields without end': (
        _typed(''.join(f'float64 a{n}\n' for n in range(20_000))),
        0,
        UNUSABLE,
    ),
    'type that holds itself': (_typed('frs_ros/Episode[2] b\n'), 0, UNUSABLE),
    'deep IDL': (_typed('sequence<' * 5000 + 'double' + '>' * 5000, 'ros2idl'), 0, UNUSABLE),
    'long IDL': (
        _typed('module a { module msg { struct B { ' + 'double x; ' * 40_000, 'ros2idl'),
        0,
        UNUSABLE,
    ),
    'metadata of aliases': (_metadata(ALIASES), 0, 'metadata.yaml is empty or damaged'),
    'metadata of brackets': (_metadata('[' * 100_000), 0, 'metadata.yaml is empty or damaged'),
    'metadata without end': (_metadata('# ' * (4 << 20)), 0, 'metadata.yaml is empty or damaged'),
    'metadata with a foreign path': (
        _metadata(
            'rosbag2_bagfile_information: {relative_file_paths: [../../victim.txt, /etc/x]}'
        ),
        0,
        'incomplete: file victim.txt is missing',
    ),
    'metadata with words for lists': (
        _metadata('rosbag2_bagfile_information: {relative_file_paths: 7, custom_data: [1]}'),
        0,
        '/chatter',
    ),
    'metadata with losses that are none': (
        _metadata('rosbag2_bagfile_information: {custom_data: {frs_ros.dropped: "[1, 2"}}'),
        2,
        'frs_ros.dropped in metadata.yaml is damaged',
    ),
    'file that becomes large': (_compressed_file, 2, 'becomes more than 1000 times as large'),
    'message that becomes large': (_compressed_message, 0, 'left out 2 messages'),
    'pipe': (_pipe, 2, 'is no file'),
}
CASES = {**SQLITE, **MCAP}


@pytest.fixture(scope='module')
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    """Every bag in one process: its start costs more than the answers."""
    folder = tmp_path_factory.mktemp('hostile')
    folders = {name: folder / f'bag {number}' for number, name in enumerate(CASES)}
    for name, (make, _, _) in CASES.items():
        make(folders[name])
    found = hostile_bags.ask(folders)
    assert (folder / 'victim.txt').read_text() == 'precious'
    return found


@pytest.mark.parametrize('name', CASES)
def test_a_bag_made_to_do_harm_is_answered(name: str, answers: dict[str, Answer]) -> None:
    answer, (_, code, words) = answers[name], CASES[name]
    assert not answer.broken
    assert answer.code == code, answer.error
    assert words in (answer.error if code else answer.out)
    assert answer.peak < 1000
    if code:
        assert len(answer.error.splitlines()) == 1
        assert len(answer.error) < 1000


def test_what_a_kill_left_is_still_undone(tmp_path: Path) -> None:
    file = database(tmp_path / 'b')
    whole = [bytes(m.data) for m in Bag(file).messages()]
    hot_journal(file, tmp_path / 'no')
    journal = file.with_name('x.db3-journal')
    content = journal.read_bytes()
    journal.write_bytes(content[: content.rindex(b'no') - 4])  # without its super-journal
    torn = file.read_bytes()
    bag = Bag(file)
    assert [bytes(m.data) for m in bag.messages()] == whole
    assert not bag.notes
    assert file.read_bytes() == torn


def test_a_copy_that_finds_no_room_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = database(tmp_path / 'b')
    file.with_name('x.db3-wal').write_bytes(b'x')
    monkeypatch.setattr('shutil.disk_usage', lambda _: SimpleNamespace(free=2**20))
    with pytest.raises(DataError, match='set TMPDIR to a folder on a larger disk'):
        Bag(file)


def test_an_interrupted_query_is_not_taken_for_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('frs_ros.bags.read.sqlite_guard.STEPS', -1)
    monkeypatch.setattr('frs_ros.bags.read.sqlite_guard._LOOK', 1)
    with pytest.raises(DataError, match='interrupted'):
        Bag(database(tmp_path / 'b'))


def test_sqlite_would_remove_the_file_that_the_journal_names(tmp_path: Path) -> None:
    """The trap itself works: else the test above could not fail."""
    victim = tmp_path / 'victim.txt'
    victim.write_text('precious')
    file = database(tmp_path / 'b')
    hot_journal(file, victim)
    with sqlite3.connect(file) as opened:
        opened.execute('SELECT count(*) FROM messages').fetchone()
    opened.close()
    assert not victim.exists()
