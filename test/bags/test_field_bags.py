# SPDX-License-Identifier: Apache-2.0
"""Bags as they come from laboratories: clocks that are wrong, copies, types of others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from bag_factory import MS, NS, START, START_NS, BagFactory, header, jpeg, make, write_bag

from frs_ros.bags.episodes.message_parts import stamp_of
from frs_ros.bags.read.bag_reader import open_bags
from frs_ros.bags.storage import BagTopic
from frs_ros.bags.write.bag_writer import BagWriter
from frs_ros.cli import main
from frs_ros.datasets.bag_summary import summarise
from frs_ros.datasets.conversion import ConversionSettings, convert, missing_topics
from frs_ros.datasets.distillation import load_dataset
from frs_ros.datasets.exchange.lerobot_export import export
from frs_ros.datasets.live_dataset import LiveDataset
from frs_ros.errors import DataError

UNSURE = 'chunks whose stamps do not rise: what they saw is not certain'


def info(capsys: pytest.CaptureFixture, *words: str | Path) -> str:
    assert main(['bag', 'info', *map(str, words)]) == 0
    return str(capsys.readouterr().out)


def unset_clock(path: Path, plans: int = 6) -> Path:
    """An episode of nodes with use_sim_time before a /clock was there: all stamps are 0."""
    with BagFactory(path) as bag:
        bag.event(START, START_NS, 'e0')
        for n in range(plans):
            received = START_NS + (n + 1) * 100 * MS
            image = make(
                'sensor_msgs/msg/CompressedImage', header=header(0), format='jpeg',
                data=jpeg(received, 'wrist'),
            )  # fmt: skip
            state = make('frs_ros/msg/RobotState', header=header(0), policy_state=np.ones(8) * n)
            chunk = make_chunk(n)
            bag.write('robot_state', received, state)
            bag.write('wrist/color/image_raw/compressed', received, image)
            bag.write('action_chunk', received + 2 * MS, chunk)
        bag.event(2, START_NS + 2 * NS, 'e0', 1)
    return path


def make_chunk(n: int):
    from bag_factory import chunk

    return chunk(0, n)


def camera_ahead(path: Path, ahead: int) -> Path:
    """A cell whose camera stamps its images by a clock that is `ahead` ns ahead."""
    with BagFactory(path) as bag:
        bag.event(START, START_NS, 'e0')
        written = []
        for n in range(40):
            taken = START_NS + n * 33 * MS
            written.append((taken + 20 * MS, n, taken))
        for n in range(4):
            written.append((START_NS + (501 + 150 * n) * MS, -1, n))
        for received, number, value in sorted(written):
            if number < 0:
                bag.observation(received - MS, ())
                bag.plan(received, value, 'e0', False)
                continue
            image = make(
                'sensor_msgs/msg/CompressedImage', header=header(value + ahead), format='jpeg',
                data=jpeg(value, 'wrist'),
            )  # fmt: skip
            bag.write('wrist/color/image_raw/compressed', received, image)
        bag.event(2, START_NS + 3 * NS, 'e0', 1)
    return path


def test_chunks_of_an_unset_clock_are_left_out_and_said(tmp_path, capsys):
    bag = unset_clock(tmp_path / 'b')
    text = info(capsys, bag)
    assert f'6 {UNSURE}' in text
    assert 'use_sim_time' in text
    with pytest.raises(DataError, match=f'6 {UNSURE}'):
        convert(open_bags([bag]), tmp_path / 'd', ConversionSettings())
    with pytest.raises(DataError, match=f'6 {UNSURE}'):
        export(open_bags([bag]), tmp_path / 'l', ('success',))
    live, (opened,) = LiveDataset(tmp_path / 'live', 'live'), open_bags([bag])
    for topic, _, data in opened.messages():
        content = opened.deserialize(topic, bytes(data))
        live.push(topic, stamp_of(content), content)
    live.settle()
    assert not live.commit()
    assert live.dropped[UNSURE] == 6


def test_sound_episodes_beside_those_of_an_unset_clock_are_kept(tmp_path):
    bags = open_bags([unset_clock(tmp_path / 'a'), write_bag(tmp_path / 'b', episodes=1)])
    done = convert(bags, tmp_path / 'd', ConversionSettings())
    assert (done.episodes, done.samples, done.info.dropped[UNSURE]) == (1, 4, 6)


@pytest.mark.parametrize('ahead_ms', [0, 400])
def test_plans_get_the_images_they_saw_whatever_the_clock_of_the_camera(
    tmp_path, capsys, ahead_ms
):
    bag = camera_ahead(tmp_path / 'b', ahead_ms * MS)
    done = convert(open_bags([bag]), tmp_path / 'd', ConversionSettings())
    right = camera_ahead(tmp_path / 'right', 0)
    convert(open_bags([right]), tmp_path / 'e', ConversionSettings())
    ours, theirs = load_dataset(tmp_path / 'd').episodes[0], load_dataset(tmp_path / 'e').episodes
    assert np.array_equal(ours.images['wrist'], theirs[0].images['wrist'])
    words = 'stamps of camera wrist are up to 0.38 s ahead of the requests that followed'
    assert any(words in note for note in done.notes) == bool(ahead_ms)
    assert (words in info(capsys, bag)) == bool(ahead_ms)


@pytest.mark.parametrize('way', ['named twice', 'folder and bag', 'copied', 'recorded twice'])
def test_a_bag_counts_once(tmp_path, way):
    folder = tmp_path / 'bags'
    bag = write_bag(folder / 'a')
    paths, said = [bag, bag], 'is the same bag as'
    if way == 'folder and bag':
        paths = [folder, bag]
    elif way == 'copied':
        shutil.copytree(bag, folder / 'z')
        (folder / 'z' / 'metadata.yaml').unlink()
        paths = [folder]
    elif way == 'recorded twice':  # by another recorder, from the beginning of the second on
        with BagFactory(folder / 'z') as other:
            other.episode('e1', START_NS + 5 * NS)
        paths, said = [folder], ''
    done = convert(open_bags(paths), tmp_path / 'd', ConversionSettings())
    assert (done.episodes, done.samples) == (2, 8)
    assert any(said in note for note in done.notes) == bool(said)
    assert done.info.dropped.get('episodes that were recorded twice', 0) == (not said)
    made, notes = export(open_bags(paths), tmp_path / 'l', ('success',))
    assert made.episodes == 2
    assert any(said in note for note in notes) == bool(said)


def test_episodes_of_the_same_name_in_two_runs_are_two(tmp_path):
    for name, began_ns in (('a', START_NS), ('b', START_NS + 9 * NS)):
        with BagFactory(tmp_path / name) as bag:
            bag.episode('e0', began_ns)
    paths = [tmp_path / 'a', tmp_path / 'b']
    assert convert(open_bags(paths), tmp_path / 'd', ConversionSettings()).episodes == 2


def test_a_foreign_type_under_a_name_of_ours_is_said_and_not_believed(tmp_path, capsys):
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode('e0')
        for n in range(3):
            pose = make('geometry_msgs/msg/PoseStamped', header=header(START_NS + n))
            bag.write('franka/robot_state', START_NS + n, pose)
            bag.write('w/color/image_raw', START_NS + n, pose)
    text = info(capsys, tmp_path / 'b')
    assert '6 messages of another type' in text
    assert "'/franka/robot_state' is a 'geometry_msgs/msg/PoseStamped', not a frs_ros/msg/" in text
    assert missing_topics({'/robot_state': 'franka_msgs/msg/FrankaRobotState'}) == [
        'episode',
        'action_chunk',
        'robot_state',
        '<camera>/color/image_raw/compressed (or without /compressed)',
    ]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_types_that_an_old_bag_does_not_describe_are_ours_and_said(tmp_path, capsys, storage):
    """As rosbag2 of Humble leaves them."""
    source = write_bag(tmp_path / 'source')
    (whole,) = open_bags([source])
    folder = tmp_path / 'b'
    folder.mkdir()
    topics = [BagTopic(c.topic, c.type, '', '') for c in whole.channels.values()]
    writer = BagWriter(folder, storage, topics=topics)
    for topic, stamp_ns, data in whole.messages():
        writer.write(topic, stamp_ns, stamp_ns, bytes(data))
    writer.close({})
    done = convert(open_bags([folder]), tmp_path / 'd', ConversionSettings())
    assert (done.episodes, done.samples) == (2, 8)
    assert any('read as this release defines it' in note for note in done.notes)
    text = info(capsys, folder)
    assert 'read as this release defines it' in text
    assert ', finished' in text


def test_times_of_receipt_that_are_0_are_no_empty_bag(tmp_path, capsys):
    with BagFactory(tmp_path / 'b') as bag:
        for n in range(5):
            bag.write('text', 0, make('std_msgs/msg/String', data=str(n)))
    text = info(capsys, tmp_path / 'b')
    assert 'no messages' not in text
    assert '/text        5' in text


def test_a_clock_that_was_set_back_gives_no_negative_times(tmp_path, capsys):
    with BagFactory(tmp_path / 'b') as bag:
        bag.event(START, START_NS, 'e0')
        for n in range(8):
            stamp = START_NS + n * 100 * MS - (3600 * NS if n > 3 else 0)
            bag.observation(stamp)
            bag.plan(stamp, n, 'e0', False)
        bag.event(2, stamp + 100 * MS, 'e0', 1)
    (summary,) = map(summarise, open_bags([tmp_path / 'b']))
    assert 0 <= summary.end_ns - summary.start_ns < NS
    assert summary.episodes[0].duration >= 0
    text = info(capsys, tmp_path / 'b')
    assert 'the clock was set back by 3599.9 s' in text
    assert '-3' not in text.replace(str(tmp_path), '')


def test_words_of_a_bag_do_not_reach_the_terminal_as_they_are(tmp_path, capsys):
    with BagFactory(tmp_path / 'b') as bag:
        bag.episode(
            'e\x1b[2J\n0', instruction='open\x1b]0;it\x07\n[INFO]: all is well' + 'x' * 9999
        )
    text = info(capsys, tmp_path / 'b')
    assert '\x1b' not in text
    assert '\x07' not in text
    assert not any(line.startswith('[INFO]') for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 2100


@pytest.mark.parametrize(('distro', 'said'), [('kilted', 'kilted'), ('', 'frs_ros')])
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_bag_says_which_ros_it_is_of(tmp_path, monkeypatch, distro, said, storage):
    import sqlite3

    monkeypatch.setenv('ROS_DISTRO', distro)
    folder = tmp_path / 'b'
    folder.mkdir()
    BagWriter(folder, storage).close({})
    assert f'ros_distro: {said}\n' in (folder / 'metadata.yaml').read_text()
    if storage == 'sqlite3':
        with sqlite3.connect(folder / 'b_0.db3') as opened:
            assert opened.execute('SELECT ros_distro FROM schema').fetchone() == (said,)
        opened.close()
