# SPDX-License-Identifier: Apache-2.0
"""Learning while it happens gives the dataset of the recording, in whatever order it is heard."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip('rosbags')

from bag_factory import CAMERAS, FAILURE, MS, NS, START, START_NS, SUCCESS, BagFactory

from frs_ros.bags.episodes.message_parts import stamp_of
from frs_ros.bags.read.bag_reader import Bag
from frs_ros.datasets.conversion import ConversionSettings, convert
from frs_ros.datasets.distillation import digest, load_dataset
from frs_ros.datasets.live_dataset import TWICE, LiveDataset
from frs_ros.errors import DataError


def robot_episode(bag: BagFactory, name: str, began_ns: int) -> None:
    """An episode in real time: images every 33 ms, chunks 150 ms after what they are of."""
    bag.event(START, began_ns, name)
    timeline = []
    for index in range(60):
        at = began_ns + index * 33 * MS
        timeline.append((at, lambda t=at: bag.observation(t)))
    for request in range(4):
        seen = began_ns + (3 + 12 * request) * 33 * MS
        timeline.append(
            (seen + 150 * MS, lambda t=seen, r=request: bag.plan(t, r, name, guided=bool(r)))
        )
    for _, write in sorted(timeline, key=lambda entry: entry[0]):
        write()
    bag.event(2, began_ns + 2 * NS, name, SUCCESS)


@pytest.fixture
def bag(tmp_path) -> Bag:
    path = tmp_path / 'session'
    with BagFactory(path) as writer:
        writer.episode('e0', START_NS)
        writer.episode('e1', START_NS + 5 * NS, outcome=FAILURE)
        robot_episode(writer, 'e2', START_NS + 10 * NS)
        writer.episode('e3', START_NS + 12 * NS + 50 * MS, plans=7)  # right after the one before
        writer.episode('e4', START_NS + 20 * NS, outcome=None)  # not finished
    return Bag(path)


def messages(bag: Bag) -> list[tuple[str, int, object]]:
    """Topic, header stamp and content, in the order of the header stamps."""
    found = []
    for topic, _, data in bag.messages():
        content = bag.deserialize(topic, bytes(data))
        found.append((topic, stamp_of(content), content))
    return sorted(found, key=lambda message: message[1])


@pytest.fixture
def converted(bag, tmp_path) -> Path:
    folder = tmp_path / 'converted'
    convert([bag], folder, ConversionSettings())
    return folder


def heard(bag: Bag, folder: Path, order=lambda found: found, **options) -> LiveDataset:
    live = LiveDataset(folder, 'live', **options)
    for topic, stamp, content in order(messages(bag)):
        live.push(topic, stamp, content)
    live.settle()
    assert live.commit()
    return live


def test_the_dataset_is_that_of_the_recording(bag, converted, tmp_path):
    live = heard(bag, tmp_path / 'live')
    assert digest(tmp_path / 'live') == digest(converted)
    assert (live.episodes, live.successes) == (3, 3)
    assert live.heard == {'success': 3, 'failure': 1}
    ours, theirs = load_dataset(tmp_path / 'live'), load_dataset(converted)
    assert [e.id for e in ours.episodes] == [e.id for e in theirs.episodes] == ['e0', 'e2', 'e3']
    assert ours.info.cameras == theirs.info.cameras == CAMERAS


@pytest.mark.parametrize('seed', range(5))
def test_the_order_of_topics_within_a_stamp_does_not_matter(bag, converted, tmp_path, seed):
    def shuffled(found):
        rng = random.Random(seed)
        return sorted(found, key=lambda message: (message[1], rng.random()))

    heard(bag, tmp_path / 'live', shuffled)
    assert digest(tmp_path / 'live') == digest(converted)


@pytest.mark.parametrize('seed', range(5))
def test_nor_do_delays_of_some_of_them(bag, converted, tmp_path, seed):
    def delayed(found):
        rng = random.Random(seed)
        return sorted(found, key=lambda message: message[1] + rng.randrange(400 * MS))

    heard(bag, tmp_path / 'live', delayed)
    assert digest(tmp_path / 'live') == digest(converted)


def test_a_recording_that_is_played_again_adds_nothing(bag, converted, tmp_path):
    live = heard(bag, tmp_path / 'live', lambda found: found * 2)
    assert digest(tmp_path / 'live') == digest(converted)
    assert live.dropped[TWICE] >= 3


def test_every_commit_is_a_whole_dataset(bag, tmp_path):
    live, sizes = LiveDataset(tmp_path / 'live', 'live'), []
    for topic, stamp, content in messages(bag):
        if live.push(topic, stamp, content):
            assert live.commit()
            sizes.append(len(load_dataset(tmp_path / 'live').episodes))
    assert sizes == [1, 3]  # the others end within a second, and then silence


def test_nothing_is_committed_of_nothing(tmp_path):
    live = LiveDataset(tmp_path / 'live', 'live')
    assert not live.commit()
    assert not (tmp_path / 'live').exists()


def test_noise_of_two_policies_is_not_mixed(tmp_path):
    path = tmp_path / 'two'
    with BagFactory(path) as writer:
        writer.episode('e0', START_NS)
        writer.episode('e1', START_NS + 5 * NS, policy_id='f' * 16)
    live = LiveDataset(tmp_path / 'live', 'live')
    for topic, stamp, content in messages(Bag(path)):
        if live.push(topic, stamp, content):
            assert live.commit()  # the first episode, with one policy
    live.settle()
    assert live.policies == 2
    assert not live.commit()
    assert [e.id for e in load_dataset(tmp_path / 'live').episodes] == ['e0']


def test_a_folder_that_is_in_use(bag, tmp_path):
    heard(bag, tmp_path / 'live')
    with pytest.raises(DataError, match='name a new folder or remove it'):
        LiveDataset(tmp_path / 'live', 'live')
