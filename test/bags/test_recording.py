# SPDX-License-Identifier: Apache-2.0
"""The queue and the thread of a recorder: slow disks, full disks, late ends."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
import yaml

pytest.importorskip('mcap')

from frs_ros.bags.read.bag_reader import Bag
from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write import bag_metadata
from frs_ros.bags.write.bag_session import BagSession, BagSettings
from frs_ros.bags.write.bag_writer import BagWriter
from frs_ros.bags.write.mcap_storage import McapStorage
from frs_ros.bags.write.message_queue import SMALL, MessageQueue, Received
from frs_ros.bags.write.recording import Recording
from frs_ros.errors import DataError

STATE = BagTopic('/state', 'std_msgs/msg/Byte', 'byte data\n', 'RIHS01_0')
IMAGE = BagTopic('/image', 'test_msgs/msg/Image', 'uint8[] data\n', 'RIHS01_1')
LIMIT = 30.0  # s


def message(topic: BagTopic, size: int) -> Received:
    return Received(topic.name, 1, 1, bytes(size))


def test_what_finds_no_room_is_counted_and_images_give_way_first():
    queue = MessageQueue(10 * SMALL, 1000)
    assert not queue.put(message(IMAGE, 9 * SMALL + 1))
    assert queue.put(message(IMAGE, 9 * SMALL))
    assert not queue.put(message(IMAGE, SMALL + 1))
    assert queue.put(message(STATE, SMALL))
    assert not queue.put(message(STATE, 1))
    assert queue.dropped == {IMAGE.name: 2, STATE.name: 1}
    assert queue.size == 10 * SMALL
    assert queue.half_full.is_set()
    assert queue.get() == message(IMAGE, 9 * SMALL)
    assert queue.put(message(STATE, 1))
    queue.close()
    assert queue.get() is None
    assert not queue.put(message(STATE, 1))
    assert queue.dropped == {IMAGE.name: 2, STATE.name: 4}


def test_many_small_messages_are_bounded_too():
    queue = MessageQueue(SMALL, 3)
    assert [queue.put(message(STATE, 1)) for _ in range(4)] == [True, True, True, False]


class Disk(McapStorage):
    """A disk that takes its time, or fails."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.free = threading.Event()
        self.stuck = threading.Event()
        self.error: OSError | None = None

    def flush(self) -> None:
        if self._chunk.count:
            self.stuck.set()
            assert self.free.wait(LIMIT)
            if self.error:
                raise self.error
        super().flush()


@pytest.fixture
def recorded(tmp_path):
    """A function that starts a recording with a queue of that many bytes; and its disk."""
    folder = tmp_path / 'bag'
    folder.mkdir()
    disks: list[Disk] = []

    def open_storage(path: Path) -> Disk:
        disks.append(Disk(path))
        return disks[0]

    def start(room: int) -> tuple[Recording, Disk, Path]:
        def make() -> BagWriter:
            return BagWriter(folder, topics=[STATE, IMAGE], open_storage=open_storage)

        recording = Recording(make, MessageQueue(room, 10_000))
        end = threading.Event()
        for _ in range(3000):
            if disks:
                break
            end.wait(0.01)
        return recording, disks[0], folder

    yield start
    for disk in disks:
        disk.free.set()


def counts(folder: Path) -> tuple[int, dict[str, int], str]:
    about = yaml.safe_load((folder / bag_metadata.FILE).read_text())[bag_metadata.ROOT]
    dropped = yaml.safe_load(about['custom_data'].get(bag_metadata.DROPPED, '{}'))
    return about['message_count'], dropped, about['custom_data'][bag_metadata.STATE]


def test_a_slow_disk_drops_and_counts_and_never_waits(recorded):
    recording, disk, folder = recorded(10_000)
    assert recording.put(STATE.name, 1, 1, b'first')
    assert disk.stuck.wait(LIMIT)
    kept = sum(recording.put(STATE.name, n, n, bytes(1000)) for n in range(100))
    assert 0 < kept < 100  # and nobody has waited: the disk still hangs
    assert recording.status().dropped == {STATE.name: 100 - kept}
    assert recording.status().error == ''
    disk.free.set()
    recording.finish(LIMIT)
    assert recording.join(LIMIT)
    assert counts(folder) == (1 + kept, {STATE.name: 100 - kept}, 'complete')
    assert recording.status().written == {STATE.name: 1 + kept}


@pytest.mark.parametrize(
    ('number', 'line'),
    [(errno.ENOSPC, 'the disk is full'), (errno.EIO, 'the bag cannot be written: broken')],
)
def test_an_error_of_the_disk_stops_once_and_keeps_what_there_is(recorded, wait_for, number, line):
    recording, disk, folder = recorded(10_000)
    disk.error = OSError(number, 'broken')
    disk.free.set()
    assert recording.put(STATE.name, 1, 1, b'lost')
    wait_for(lambda: recording.status().error, LIMIT, 'the error')
    assert recording.status().error == line
    assert not recording.put(STATE.name, 2, 2, b'too late')
    assert recording.join(LIMIT)
    assert recording.status().dropped == {STATE.name: 2}
    assert counts(folder)[0] == 0
    assert counts(folder)[2] == 'stopped by an error'


def test_an_error_of_the_program_is_said_and_keeps_what_there_is(recorded, wait_for):
    """A time that no bag can hold: what else is recorded must not vanish without a word."""
    recording, disk, folder = recorded(10_000)
    disk.free.set()
    assert recording.put(STATE.name, 1, 1, b'kept')
    wait_for(lambda: recording.status().written.get(STATE.name), LIMIT, 'the first message')
    assert recording.put(STATE.name, 2, -1, b'impossible')
    wait_for(lambda: not recording.alive, LIMIT, 'the end')
    assert recording.status().error.startswith('error of the program: error: ')
    assert not recording.put(STATE.name, 3, 3, b'too late')
    assert recording.status().dropped[STATE.name] >= 1
    assert counts(folder)[2] == 'stopped by an error'
    assert [bytes(m.data) for m in Bag(folder).messages()] == [b'kept']


def test_the_end_comes_in_time_and_counts_what_it_leaves(recorded):
    recording, disk, folder = recorded(1_000_000)
    recording.put(STATE.name, 1, 1, b'first')
    assert disk.stuck.wait(LIMIT)
    for n in range(500):
        recording.put(STATE.name, n, n, b'waits')
    recording.finish(0.0)
    assert not recording.join(0.1)
    disk.free.set()
    assert recording.join(LIMIT)
    written, dropped, state = counts(folder)
    assert state == 'complete'
    assert dropped[STATE.name] >= 1
    assert written + dropped[STATE.name] == 501


def settings(folder: Path, **others) -> BagSettings:
    return BagSettings(folder, min_free=5e9, **others)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_bags_of_the_same_second_have_folders_of_their_own(tmp_path, storage):
    bags = tmp_path / 'a' / 'bags'
    session = BagSession(settings(bags, storage=storage), free=lambda _: 6e9, date=lambda: 'now')
    for n in range(3):
        session.start('Pick up: the MILK!')
        session.put(STATE, n, n, bytes(5))
    again = BagSession(settings(bags, storage=storage), free=lambda _: 6e9, date=lambda: 'now')
    again.start('pick up the milk')
    assert session.close(LIMIT)
    assert again.close(LIMIT)
    name = 'now_pick-up-the-milk'
    assert sorted(f.name for f in bags.iterdir()) == [name, *(f'{name}_{n}' for n in (2, 3, 4))]
    assert [counts(f)[0] for f in sorted(bags.iterdir())] == [1, 1, 1, 0]


def test_nothing_begins_on_a_disk_that_is_nearly_full(tmp_path):
    session = BagSession(settings(tmp_path / 'bags'), free=lambda _: 4.96e9)
    with pytest.raises(DataError, match=r'bags: 5\.0 GB free, less than min_free_gb \(5\)'):
        session.start('')
    assert not session.recording
    assert list((tmp_path / 'bags').iterdir()) == []


def test_nothing_is_taken_between_bags(tmp_path):
    session = BagSession(settings(tmp_path), free=lambda _: 6e9)
    session.put(STATE, 1, 1, b'early')
    folder = session.start('')
    session.put(STATE, 2, 2, b'now')
    session.stop()
    session.put(STATE, 3, 3, b'late')
    assert session.close(LIMIT)
    assert counts(folder) == (1, {}, 'complete')


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / 'bags').touch()
    session = BagSession(settings(tmp_path / 'bags'), free=lambda _: 6e9)
    with pytest.raises(DataError, match=r'bags: cannot be written: File exists'):
        session.start('')


class HungDisk(BagWriter):
    """A bag whose disk does not answer."""

    answer = threading.Event()

    def sync(self) -> None:
        assert self.answer.wait(LIMIT)
        raise OSError(errno.EIO, 'the disk is gone')


def test_nothing_waits_in_this_process_for_a_disk_that_does_not_answer(tmp_path, wait_for):
    writers: list[BagWriter] = []

    def make() -> BagWriter:
        writers.append(HungDisk(tmp_path, topics=[STATE]))
        return writers[0]

    recording = Recording(make, MessageQueue(10_000, 100), sync_period=0.1)
    for count in (1, 2, 3):  # later ones while the first sync hangs
        assert recording.put(STATE.name, count, count, b'on')
        wait_for(lambda n=count: recording.status().written == {STATE.name: n}, LIMIT)
    HungDisk.answer.set()
    wait_for(lambda: recording.status().error, LIMIT, 'the error')
    assert recording.status().error == 'the bag cannot be written: the disk is gone'
    assert recording.join(LIMIT)
    assert recording.status().written == {STATE.name: 3}
