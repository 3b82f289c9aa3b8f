# SPDX-License-Identifier: Apache-2.0
"""The contract of bags that are written, on both storages; strangers read them."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
from io import FileIO
from pathlib import Path

import pytest
import yaml

pytest.importorskip('mcap')
pytest.importorskip('rosbags')

from rosbags import highlevel, rosbag2, typesys

from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write import bag_metadata
from frs_ros.bags.write.bag_writer import STORAGES, BagWriter
from frs_ros.bags.write.mcap_storage import McapStorage
from frs_ros.errors import DataError

QOS = {
    'history': 'keep_last',
    'depth': 5,
    'reliability': 'reliable',
    'durability': 'volatile',
    'deadline': {'sec': 0, 'nsec': 0},
    'lifespan': {'sec': 0, 'nsec': 0},
    'liveliness': 'automatic',
    'liveliness_lease_duration': {'sec': 0, 'nsec': 0},
    'avoid_ros_namespace_conventions': False,
}


def topic(name: str, type_name: str, text: str, *qos: dict) -> BagTopic:
    store = typesys.get_typestore(typesys.Stores.EMPTY)
    store.register(typesys.get_types_from_msg(text, type_name))
    return BagTopic(name, type_name, text, store.hash_rihs01(type_name), qos)


COUNT = topic('/robot/count', 'test_msgs/msg/Count', 'int32 value\n', QOS)
IMAGE = topic('/cam/image', 'test_msgs/msg/Image', 'uint8[] data\n')
T0 = 1_700_000_000_000_000_000


def cdr(value: int) -> bytes:
    return b'\x00\x01\x00\x00' + struct.pack('<i', value)


def image(n: int, size: int = 1000) -> bytes:
    return b'\x00\x01\x00\x00' + struct.pack('<I', size) + bytes([n % 256]) * size


@pytest.fixture(params=STORAGES)
def storage(request) -> str:
    return request.param


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / 'bag'
    folder.mkdir()
    return folder


def read(folder: Path) -> dict[str, list[tuple[int, object]]]:
    """Topic -> (time, value or bytes of the image), as rosbags reads it."""
    found: dict[str, list] = {}
    with highlevel.AnyReader([folder]) as reader:
        for connection, stamp, raw in reader.messages():
            msg = reader.deserialize(raw, connection.msgtype)
            value = msg.value if hasattr(msg, 'value') else bytes(msg.data)
            found.setdefault(connection.topic, []).append((stamp, value))
    return found


def metadata(folder: Path) -> dict:
    return yaml.safe_load((folder / bag_metadata.FILE).read_text())[bag_metadata.ROOT]


def test_another_library_reads_what_was_written(folder, storage):
    writer = BagWriter(folder, storage, topics=[COUNT])
    for n in range(10):
        writer.write(COUNT.name, T0 + n, T0, cdr(n))
    writer.add_topic(IMAGE)  # in the middle, behind a flush
    writer.flush()
    writer.write(IMAGE.name, T0 + 10, T0, image(3))
    writer.write(COUNT.name, T0 + 11, T0, cdr(10))
    writer.close({})
    found = read(folder)
    assert found[COUNT.name] == [(T0 + n, n) for n in range(10)] + [(T0 + 11, 10)]
    assert found[IMAGE.name] == [(T0 + 10, image(3)[8:])]
    with rosbag2.Reader(folder) as reader:
        assert reader.message_count == 12
        assert [(c.topic, c.msgtype, c.msgcount) for c in reader.connections] == [
            (COUNT.name, COUNT.type, 11),
            (IMAGE.name, IMAGE.type, 1),
        ]
        qos = reader.connections[0].ext.offered_qos_profiles
        assert [(q.depth, q.reliability.name) for q in qos] == [(5, 'RELIABLE')]


def test_metadata_are_those_of_rosbag2(folder, storage):
    writer = BagWriter(folder, storage, topics=[COUNT, IMAGE])
    began = metadata(folder)
    assert (began['message_count'], began['custom_data']['frs_ros.state']) == (0, 'recording')
    for n in (5, 3, 9):  # topics do not come in order
        writer.write(COUNT.name, T0 + n, T0, cdr(n))
    writer.close({COUNT.name: 2, IMAGE.name: 0})
    found = metadata(folder)
    assert found['version'] == 9
    assert found['storage_identifier'] == storage
    assert found['starting_time'] == {'nanoseconds_since_epoch': T0 + 3}
    assert found['duration'] == {'nanoseconds': 6}
    assert found['relative_file_paths'] == [f'bag_0{STORAGES[storage][1]}']
    assert (folder / found['relative_file_paths'][0]).is_file()
    assert found['files'][0]['message_count'] == found['message_count'] == 3
    topics = found['topics_with_message_count']
    assert [t['message_count'] for t in topics] == [3, 0]
    assert topics[0]['topic_metadata'] == {
        'name': COUNT.name,
        'type': COUNT.type,
        'serialization_format': 'cdr',
        'offered_qos_profiles': [QOS],
        'type_description_hash': COUNT.type_hash,
    }
    assert found['custom_data'] == {
        'frs_ros.state': 'complete',
        'frs_ros.dropped': '/robot/count: 2',
    }


def test_mcap_tools_find_indexes_and_statistics(folder):
    reader = pytest.importorskip('mcap.reader')
    writer = BagWriter(folder, 'mcap', topics=[COUNT, IMAGE])
    for n in range(30):
        writer.write(COUNT.name, T0 + n, T0 - 1, cdr(n))
        if n % 10 == 9:
            writer.flush()
    writer.close({})
    with (folder / 'bag_0.mcap').open('rb') as file:
        opened = reader.make_reader(file, validate_crcs=True)
        summary = opened.get_summary()
        messages = list(opened.iter_messages(start_time=T0 + 5, end_time=T0 + 25))
        assert opened.get_header().profile == 'ros2'
        kept = [m for m in opened.iter_metadata() if m.name == 'rosbag2']
    assert [m.log_time - T0 for _, _, m in messages] == list(range(5, 25))
    assert {m.publish_time for _, _, m in messages} == {T0 - 1}
    assert [m.data for _, _, m in messages] == [cdr(n) for n in range(5, 25)]
    assert summary.statistics.channel_message_counts == {1: 30, 2: 0}
    assert summary.statistics.message_start_time == T0
    assert summary.statistics.message_end_time == T0 + 29
    assert [s.data for s in summary.schemas.values()] == [b'int32 value\n', b'uint8[] data\n']
    inside = yaml.safe_load(kept[0].metadata['serialized_metadata'])
    assert inside['message_count'] == 30


def test_an_empty_bag_is_a_bag(folder, storage):
    BagWriter(folder, storage, topics=[COUNT]).close({})
    assert read(folder) == {}
    assert metadata(folder)['duration'] == {'nanoseconds': 0}


def test_a_bag_is_not_overwritten(folder, storage):
    writer = BagWriter(folder, storage, topics=[COUNT])
    writer.write(COUNT.name, T0, T0, cdr(1))
    writer.close({})
    with pytest.raises(DataError, match='not overwritten'):
        BagWriter(folder, storage)
    assert read(folder)[COUNT.name] == [(T0, 1)]


WRITE_FOR_EVER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_bag_writer import COUNT, IMAGE, T0, cdr, image
from frs_ros.bags.write.bag_writer import BagWriter
writer = BagWriter(Path({folder!r}), {storage!r}, topics=[COUNT, IMAGE])
n = 0
while True:
    writer.write(COUNT.name, T0 + 2 * n, T0, cdr(n))
    writer.write(IMAGE.name, T0 + 2 * n + 1, T0, image(n, 50_000))
    n += 1
    if n % 7 == 0:
        writer.flush()
        print(n, flush=True)
"""


def recovered(folder: Path, storage: str) -> list[int]:
    """Values of `COUNT` in a bag whose writer was killed, by the plainest reader there is."""
    if storage == 'sqlite3':
        import sqlite3

        database = sqlite3.connect(folder / 'bag_0.db3')  # undoes a transaction in the middle
        rows = database.execute(
            'SELECT data FROM messages JOIN topics ON topic_id = topics.id '
            f"WHERE name = '{COUNT.name}' ORDER BY timestamp"
        ).fetchall()
        return [struct.unpack('<i', data[4:])[0] for (data,) in rows]
    from mcap.exceptions import McapError
    from mcap.records import Message
    from mcap.stream_reader import StreamReader

    values = []
    with (folder / 'bag_0.mcap').open('rb') as file:
        try:
            for record in StreamReader(file, validate_crcs=True).records:
                if isinstance(record, Message) and record.channel_id == 1:
                    values.append(struct.unpack('<i', record.data[4:])[0])
        except (McapError, struct.error):
            pass  # the end of what is whole
    return values


def test_what_was_flushed_survives_kill_9(folder, storage):
    here = str(Path(__file__).parent)
    code = WRITE_FOR_EVER.format(tests=here, folder=str(folder), storage=storage)
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE) as process:
        flushed = 0
        while flushed < 200:  # 10 MB: in the middle of things
            flushed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        flushed = int((process.stdout.read().split() or [flushed])[-1])
    values = recovered(folder, storage)
    assert values == list(range(len(values)))
    assert len(values) >= flushed >= 200
    assert metadata(folder)['custom_data']['frs_ros.state'] == 'recording'


class FullDisk(FileIO):
    """A file that takes part of a write and then no more."""

    room = 150_000

    def write(self, data) -> int:
        free = self.room - self.tell()
        if free <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:free])


def test_a_full_disk_costs_what_was_not_flushed_and_the_bag_is_closed(folder):
    writer = BagWriter(
        folder,
        topics=[COUNT, IMAGE],
        open_storage=lambda path: McapStorage(path, lambda path: FullDisk(path, 'x')),
    )
    for n in range(100):
        writer.write(COUNT.name, T0 + n, T0, cdr(n))
    writer.flush()
    writer.write(IMAGE.name, T0 + 100, T0, image(1, 200_000))
    with pytest.raises(OSError, match='No space left'):
        writer.flush()
    writer.close({IMAGE.name: 3}, bag_metadata.STOPPED)  # what was freed is room for the summary
    assert read(folder) == {COUNT.name: [(T0 + n, n) for n in range(100)]}
    custom = metadata(folder)['custom_data']
    assert custom['frs_ros.state'] == 'stopped by an error'
    assert yaml.safe_load(custom['frs_ros.dropped']) == {IMAGE.name: 4}


LIMITED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_bag_writer import COUNT, IMAGE, T0, cdr, image
from frs_ros.bags.write import bag_metadata
from frs_ros.bags.write.bag_writer import BagWriter
writer = BagWriter(Path({folder!r}), {storage!r}, topics=[COUNT, IMAGE])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    for n in range(1000):
        writer.write(COUNT.name, T0 + 2 * n, T0, cdr(n))
        writer.write(IMAGE.name, T0 + 2 * n + 1, T0, image(n, 30_000))
        if n % 10 == 9:
            writer.flush()
            print(n + 1, flush=True)
except OSError as error:
    print(type(error).__name__)
try:
    writer.close({{}}, bag_metadata.STOPPED)
except OSError:
    pass
"""


def test_a_file_that_may_not_grow_keeps_what_was_flushed(folder, storage):
    here = str(Path(__file__).parent)
    code = LIMITED.format(tests=here, folder=str(folder), storage=storage)
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, timeout=60
    )
    *flushed, error = done.stdout.split()
    assert error == 'OSError'
    values = recovered(folder, storage)
    assert values == list(range(int(flushed[-1])))
    assert values


@pytest.mark.parametrize('name', ['/nowhere/bag', '/proc/bag'])
def test_a_folder_that_is_not_there_is_an_os_error(name, storage):
    with pytest.raises(OSError, match=r'/nowhere|/proc'):
        BagWriter(Path(name), storage)
