# SPDX-License-Identifier: Apache-2.0
"""Bags that are made to do harm: nothing outside them is touched, and the answer comes soon."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import hostile_bags
import pytest
from hostile_bags import Answer, database, endless_tree, hot_journal

from frs_ros.data.bag_reader import Bag
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
CASES = {**SQLITE}


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
    monkeypatch.setattr('frs_ros.data.sqlite_guard.STEPS', -1)
    monkeypatch.setattr('frs_ros.data.sqlite_guard._LOOK', 1)
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
