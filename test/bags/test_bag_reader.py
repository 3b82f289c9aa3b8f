# SPDX-License-Identifier: Apache-2.0
"""Bags as they are found: whole, cut, foreign. What can be read is read, the rest is said."""

from __future__ import annotations

import contextlib
import pickle
import re
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from bag_factory import START_NS, BagFactory, make, write_bag
from hypothesis import given, settings
from hypothesis import strategies as st

from frs_ros.bags.episodes.assembler import EpisodeAssembler
from frs_ros.bags.episodes.bag_episodes import episodes_of
from frs_ros.bags.episodes.recorded_episode import RecordedEpisode
from frs_ros.bags.read.bag_reader import Bag, open_bags
from frs_ros.errors import DataError

STORAGES = ('mcap', 'sqlite3')
COMPRESSED = [('mcap', 'storage'), ('mcap', 'message'), ('sqlite3', 'message'), ('mcap', 'file')]


def read(path: Path) -> tuple[list[RecordedEpisode], Bag]:
    (bag,) = open_bags([path])
    return list(episodes_of(bag, EpisodeAssembler())), bag


def the_file(folder: Path) -> Path:
    (file,) = [p for p in folder.iterdir() if p.suffix in ('.mcap', '.db3')]
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob('*')) if p.is_file()}


@pytest.mark.parametrize(('storage', 'compression'), [*((s, None) for s in STORAGES), *COMPRESSED])
def test_every_storage_reads_the_same(
    storage: str, compression: str | None, tmp_path: Path
) -> None:
    folder = write_bag(tmp_path / 'b', storage=storage, compression=compression)
    before = contents(tmp_path)
    episodes, bag = read(folder)
    assert [(e.id, e.outcome, len(e.chunks)) for e in episodes] == [
        ('e0', 'success', 4),
        ('e1', 'success', 4),
    ]
    assert all(len(c.images) == 2 and c.state is not None for e in episodes for c in e.chunks)
    assert (bag.storage, bag.notes) == (storage, [])
    assert contents(tmp_path) == before


@pytest.mark.parametrize('storage', STORAGES)
def test_a_single_file_is_a_bag(storage: str, tmp_path: Path) -> None:
    episodes, bag = read(the_file(write_bag(tmp_path / 'b', storage=storage)))
    assert len(episodes) == 2
    assert not bag.notes


@pytest.mark.parametrize('storage', STORAGES)
@pytest.mark.parametrize('metadata', [None, '', 'rosbag2_bagfile_information: [', '{}'])
def test_metadata_may_be_missing_or_empty(
    storage: str, metadata: str | None, tmp_path: Path
) -> None:
    folder = write_bag(tmp_path / 'b', storage=storage)
    if metadata is None:
        (folder / 'metadata.yaml').unlink()
    else:
        (folder / 'metadata.yaml').write_text(metadata)
    episodes, bag = read(folder)
    assert len(episodes) == 2
    assert [note.split(':')[0] for note in bag.notes] == ['unfinished']


def test_sessions_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number in (10, 9, 1):
        with BagFactory(tmp_path / f's_{number}') as bag:
            bag.episode(f'e{number}')
    bags = open_bags([tmp_path])
    assert [bag.name for bag in bags] == ['s_1', 's_9', 's_10']
    shutil.copy(the_file(tmp_path / 's_1'), tmp_path / 'z.mcap')
    assert [bag.name for bag in open_bags([tmp_path])][-1] == 'z.mcap'
    two = open_bags([tmp_path / 's_10', tmp_path / 's_1'])
    assert [bag.name for bag in two] == ['s_10', 's_1']


def test_a_bag_in_several_files_is_one(tmp_path: Path) -> None:
    folder = write_bag(tmp_path / 'b', episodes=1)
    with BagFactory(tmp_path / 'other') as other:
        other.episode('e1', START_NS + 10**10)
    shutil.copy(the_file(tmp_path / 'other'), folder / 'b_1.mcap')
    episodes, _ = read(folder)
    assert [e.id for e in episodes] == ['e0', 'e1']
    (folder / 'b_1.mcap').write_bytes(b'broken')
    episodes, bag = read(folder)
    assert [e.id for e in episodes] == ['e0']
    assert 'b_1.mcap is no bag' in bag.notes[0]


@pytest.mark.parametrize(
    ('name', 'data', 'words'),
    [
        ('a.mcap', b'', 'empty'),
        ('a.mcap', b'\x89MCA', 'no bag'),
        ('a.txt', b'hello', 'no bag'),
        ('a.pkl', pickle.dumps({'a': 1}), 'no bag'),
        ('a.bag', b'#ROSBAG V2.0\n', 'rosbags-convert'),
        ('a.db3', b'SQLite format 3\x00 and nothing more', 'damaged'),
    ],
)
def test_what_is_no_bag_is_one_line(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=words) as caught:
        open_bags([tmp_path / name])
    assert str(tmp_path / name) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_folders_without_bags_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='there is no bag'):
        open_bags([tmp_path / 'nowhere'])
    with pytest.raises(DataError, match='holds no bag'):
        open_bags([tmp_path])
    (tmp_path / 'metadata.yaml').write_text('')
    with pytest.raises(DataError, match=r'neither an \.mcap nor a \.db3'):
        open_bags([tmp_path])


def test_a_database_of_something_else_is_one_line(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / 'a.db3') as database:
        database.execute('CREATE TABLE addresses(name TEXT)')
    with pytest.raises(DataError, match='no bag of rosbag2'):
        open_bags([tmp_path / 'a.db3'])


def test_topics_of_others_with_our_names_are_counted(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        for number in range(5):
            text = make('std_msgs/msg/String', data=f'hello {number}')
            bag.write('episode', START_NS + number, text)
            bag.write('chatter', START_NS + number, text)
        bag.write('robot_state', START_NS, make('sensor_msgs/msg/Image'))
        bag.plan(START_NS, 0, 'e0', True)
    (bag_read,) = open_bags([tmp_path / 'b'])
    assembler = EpisodeAssembler()
    (episode,) = episodes_of(bag_read, assembler)
    assert episode.chunks[0].state is None
    assert assembler.counts == {'messages of another type': 6}


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """MCAP files, uncompressed and compressed, of several chunks."""
    folder = tmp_path_factory.mktemp('whole')
    files = {}
    for compression in (None, 'storage'):
        with BagFactory(folder / str(compression), compression=compression) as bag:
            for number in range(3):
                bag.episode(f'e{number}', START_NS + 5 * 10**9 * number)
                bag.writer.storage.close_chunk()  # type: ignore[union-attr]
        files[str(compression)] = the_file(folder / str(compression))
    return files


@pytest.fixture(scope='module')
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('scratch')


@settings(deadline=None, max_examples=60)
@given(data=st.data())
@pytest.mark.parametrize('compression', ['None', 'storage'])
def test_any_cut_of_an_mcap_reads_a_prefix(
    compression: str, data: st.DataObject, whole: dict[str, Path], scratch: Path
) -> None:
    bytes_of = whole[compression].read_bytes()
    cut = data.draw(st.integers(0, len(bytes_of) - 1))
    path = scratch / f'cut_{compression}.mcap'
    path.write_bytes(bytes_of)
    complete = [(m.topic, m.stamp_ns, bytes(m.data)) for m in Bag(path).messages()]
    path.write_bytes(bytes_of[:cut])
    try:
        bag = Bag(path)
    except DataError:
        assert cut < 8
        return
    found = [(m.topic, m.stamp_ns, bytes(m.data)) for m in bag.messages()]
    assert found == complete[: len(found)]
    assert found == complete or len(bag.notes) == 1
    list(episodes_of(bag, EpisodeAssembler()))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
@pytest.mark.parametrize('compression', ['None', 'storage'])
def test_any_damage_to_an_mcap_is_survived(
    compression: str, data: st.DataObject, whole: dict[str, Path], scratch: Path
) -> None:
    damaged = bytearray(whole[compression].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = scratch / f'damaged_{compression}.mcap'
    path.write_bytes(damaged)
    with contextlib.suppress(DataError):
        list(episodes_of(Bag(path), EpisodeAssembler()))


def test_a_cut_within_a_chunk_keeps_what_is_before(whole: dict[str, Path], tmp_path: Path) -> None:
    for compression, file in whole.items():
        data = file.read_bytes()
        path = tmp_path / f'{compression}.mcap'
        third = data.rindex(b'e2') if compression == 'None' else int(0.8 * len(data))
        path.write_bytes(data[: third - 100])
        episodes, bag = read(path)
        assert [e.outcome for e in episodes[:2]] == ['success', 'success']
        assert bag.notes[0].startswith('unfinished: read up to 2025-10-09 08:53:')


def test_a_damaged_chunk_is_left_out_and_said(whole: dict[str, Path], tmp_path: Path) -> None:
    data = whole['storage'].read_bytes()
    chunks = [m.start() for m in re.finditer(b'zstd', data)][:3]
    for number, start in enumerate(chunks):
        damaged = bytearray(data)
        damaged[start + 60 : start + 260] = b'\xff' * 200
        path = tmp_path / f'{number}.mcap'
        path.write_bytes(damaged)
        episodes, bag = read(path)
        assert [e.id for e in episodes] == [f'e{n}' for n in range(3) if n != number]
        assert len(bag.notes) == 1
        assert bag.notes[0].startswith('damaged: left out a part at byte')


def test_a_database_with_an_open_transaction_is_read_and_not_changed(tmp_path: Path) -> None:
    for mode in ('WAL', 'DELETE'):
        folder = write_bag(tmp_path / mode, storage='sqlite3')
        file = the_file(folder)
        live = tmp_path / f'{mode}_live'
        live.mkdir()
        with sqlite3.connect(file, isolation_level=None) as database:
            database.execute(f'PRAGMA journal_mode={mode}').fetchall()
            database.execute('PRAGMA cache_size=1')
            database.execute('BEGIN')
            for _ in range(100):
                database.execute(
                    'INSERT INTO messages(topic_id, timestamp, data) SELECT topic_id, timestamp, '
                    'data FROM messages JOIN topics ON topic_id = topics.id '
                    "WHERE name = '/robot_state' LIMIT 8"
                )
            if mode == 'WAL':
                database.execute('COMMIT')
            for source in folder.iterdir():  # what kill -9 leaves
                shutil.copy(source, live)
            if mode == 'DELETE':
                database.execute('ROLLBACK')
        database.close()
        assert len(list(live.iterdir())) > 2
        before = contents(live)
        episodes, bag = read(live)
        assert len(episodes) == 2
        count = sum(1 for _ in bag.messages())
        assert count == (852 if mode == 'WAL' else 52)
        assert contents(live) == before


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_cut_database_is_a_prefix_or_one_line(share: float, tmp_path: Path) -> None:
    file = the_file(write_bag(tmp_path / 'b', storage='sqlite3', episodes=10))
    data = file.read_bytes()
    complete = [bytes(m.data) for m in Bag(file).messages()]
    file.write_bytes(data[: int(share * len(data))])
    try:
        bag = Bag(file)
    except DataError:
        assert share < 0.2  # not even the list of topics is there
        return
    found = [bytes(m.data) for m in bag.messages()]
    assert found == complete[: len(found)]
    assert bag.notes or len(found) == len(complete)


def test_messages_that_are_no_messages_are_counted(tmp_path: Path) -> None:
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('e0')
        connection = bag._connections['/action_chunk']
        for junk in (b'', b'\x00\x01\x00\x00', b'\xff' * 40):
            bag.writer.write(connection, START_NS, junk)
        for topic in ('/robot_state', '/wrist/color/image_raw/compressed'):
            bag.writer.write(bag._connections[topic], START_NS, b'\x00\x01\x00\x00' + b'\xff' * 20)
    (bag_read,) = open_bags([tmp_path / 'b'])
    assembler = EpisodeAssembler()
    (episode,) = episodes_of(bag_read, assembler)
    assert len(episode.chunks) == 4
    assert assembler.counts['unreadable messages'] == 3
    assert all('\n' not in line for line in assembler.complaints)


def test_a_foreign_definition_of_our_type_is_one_line(tmp_path: Path) -> None:
    folder = write_bag(tmp_path / 'b', storage='sqlite3', episodes=1)
    with sqlite3.connect(the_file(folder)) as database:
        database.execute("UPDATE message_definitions SET encoded_message_definition = '%&!'")
    (bag,) = open_bags([folder])
    assembler = EpisodeAssembler()
    assert not list(episodes_of(bag, assembler))
    assert 'definition of frs_ros/msg' in assembler.complaints[0]


def test_without_rosbags_the_mend_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_bag(tmp_path / 'b')
    monkeypatch.setitem(sys.modules, 'rosbags.typesys', None)
    with pytest.raises(Exception, match='pip install rosbags'):
        open_bags([folder])
