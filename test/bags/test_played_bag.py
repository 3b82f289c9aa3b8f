# SPDX-License-Identifier: Apache-2.0
"""What a player learns of bags: whole, unfinished, of older releases, none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

pytest.importorskip('rosbags')

from bag_factory import NS, START_NS, BagFactory, make, write_bag

from frs_ros.bags.clock_steps import ClockSteps
from frs_ros.bags.play.played_bag import MOST_KEPT, open_played_bag
from frs_ros.errors import ConfigError, DataError

TOPICS = [
    '/action_chunk',
    '/agentview/color/image_raw/compressed',
    '/episode',
    '/plan_request',
    '/robot_state',
    '/steering_report',
    '/wrist/color/image_raw/compressed',
]


@pytest.fixture
def path(tmp_path) -> Path:
    return write_bag(tmp_path / 'bag', episodes=2)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_topics_and_times(tmp_path, storage):
    bag = open_played_bag(write_bag(tmp_path / 'bag', episodes=2, storage=storage))
    assert [topic.name for topic in bag.topics] == TOPICS
    assert {topic.kind for topic in bag.topics} >= {'frs_ros/msg/Episode'}
    assert all(topic.digest.startswith('RIHS01_') for topic in bag.topics)
    assert (bag.start_ns, bag.end_ns) == (START_NS, START_NS + 5 * NS + NS // 2)


def test_without_metadata_the_same_is_read_from_the_messages(path):
    whole = open_played_bag(path)
    (path / 'metadata.yaml').unlink()
    bag = open_played_bag(path)
    assert [(t.name, t.kind) for t in bag.topics] == [(t.name, t.kind) for t in whole.topics]
    assert (bag.start_ns, bag.end_ns) == (whole.start_ns, whole.end_ns)


def test_a_bag_that_was_cut_off_is_played_as_far_as_it_goes(path):
    (path / 'metadata.yaml').unlink()
    whole = list(open_played_bag(path).messages(TOPICS, 0))
    file = next(path.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    bag = open_played_bag(path)
    rest = list(bag.messages(TOPICS, 0))
    assert rest == whole[: len(rest)]
    assert 0 < len(rest) < len(whole)
    assert bag.end_ns == rest[-1].stamp_ns


def test_messages_of_some_topics_from_a_time_on(path):
    bag = open_played_bag(path)
    found = list(bag.messages(['/episode'], START_NS + NS))
    assert [(m.topic, m.stamp_ns - START_NS) for m in found] == [
        ('/episode', 5 * NS),
        ('/episode', 5 * NS + NS // 2),
    ]
    assert list(bag.messages(['/episode'], START_NS + NS)) == found  # again, for another lap


def test_latched_topics_of_this_and_of_older_releases(path):
    file = path / 'metadata.yaml'
    text = file.read_text()
    before, rest = text.split('name: /episode', 1)
    assert 'offered_qos_profiles: []' in rest
    for profiles in (
        '[{depth: 3, durability: transient_local}]',
        '"- history: 3\\n  depth: 3\\n  durability: 1\\n"',
    ):
        changed = rest.replace('offered_qos_profiles: []', f'offered_qos_profiles: {profiles}', 1)
        file.write_text(f'{before}name: /episode{changed}')
        latched = [(t.name, t.depth) for t in open_played_bag(path).topics if t.latched]
        assert latched == [('/episode', 3)]


def test_topics_are_chosen_by_the_ends_of_their_names(path):
    bag = open_played_bag(path)
    chosen = bag.choose(['wrist/color/image_raw/compressed', '/episode'])
    assert [t.name for t in chosen] == ['/episode', '/wrist/color/image_raw/compressed']
    assert bag.choose([]) == bag.topics
    with pytest.raises(ConfigError, match="has no topic 'sode'; it has /action_chunk, "):
        bag.choose(['sode'])


def test_what_is_no_bag_is_named(tmp_path):
    with pytest.raises(DataError, match='there is no bag'):
        open_played_bag(tmp_path / 'none')
    with BagFactory(tmp_path / 'empty'):
        pass
    with pytest.raises(DataError, match='holds no messages'):
        open_played_bag(tmp_path / 'empty')
    write_bag(tmp_path / 'two' / 'a', episodes=1)
    write_bag(tmp_path / 'two' / 'b', episodes=1)
    with pytest.raises(DataError, match='holds several bags; name one of them: a, b'):
        open_played_bag(tmp_path / 'two')


def at_times(path, *seconds):
    """A bag whose messages were received at these times, in this order."""
    with BagFactory(path) as bag:
        for second in seconds:
            text = make('std_msgs/msg/String', data=str(second))
            bag.write('text', START_NS + round(second * NS), text)
    return path


def played(bag):
    found = bag.messages([t.name for t in bag.topics], bag.start_ns)
    return [(m.stamp_ns - bag.start_ns) / NS for m in found]


@pytest.mark.parametrize(
    ('recorded', 'expected', 'words'),
    [
        ((0, 1, 2, -3600, -3599), [0, 1, 2, 2, 3], 'the clock was set back by 3602.0 s'),
        ((0, 1, 3600, 3601), [0, 1, 2, 3], 'nothing for 3599.0 s, or the clock was set forward'),
        ((0, 1, 0.5, 2), [0, 1, 0.5, 2], ''),  # topics that are swapped a little
    ],
)
def test_steps_of_the_clock_are_bridged_and_said(tmp_path, recorded, expected, words):
    bag = open_played_bag(at_times(tmp_path / 'b', *recorded))
    assert played(bag) == expected
    assert bag.end_ns >= bag.start_ns
    assert words in '; '.join(bag.steps)
    assert bool(words) == bool(bag.steps)
    assert not bag.notes


def test_many_steps_take_a_few_lines():
    clock = ClockSteps()
    times = [clock.time(NS * second) for second in [5000, 0] * 20]
    assert times == sorted(times)
    assert [line.split()[0] for line in clock.lines] == ['the', 'nothing', 'the', 'and']
    assert clock.lines[-1] == 'and 36 further steps of the clock'


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_bag_is_read_on_in_another_thread(tmp_path, storage):
    bag = open_played_bag(write_bag(tmp_path / 'b', episodes=1, storage=storage))
    messages = bag.messages([t.name for t in bag.topics], 0)
    first = [next(messages)]
    thread = threading.Thread(target=lambda: first.extend(messages))
    thread.start()
    thread.join()
    assert len(first) == 26
    assert not bag.notes


@pytest.mark.parametrize(
    'change',
    [
        ('type: frs_ros', 'kind: frs_ros'),
        ('topic_metadata:', 'other:'),
        ('topics_with_message_count:', 'topics_with_message_count: 7\n  x:'),
        ('offered_qos_profiles: []', 'offered_qos_profiles: "- [[["'),
        ('offered_qos_profiles: []', 'offered_qos_profiles: [7]'),
        ('duration:', 'duration: {nanoseconds: -5}\n  x:'),
        ('starting_time:', 'starting_time: [1]\n  x:'),
        ('starting_time:', 'starting_time: {nanoseconds_since_epoch: .inf}\n  x:'),
        ('duration:', 'duration: {nanoseconds: -.inf}\n  x:'),
        ('relative_file_paths:', f'relative_file_paths: [{"x" * 300}]\n  x:'),
    ],
)
def test_metadata_that_makes_no_sense_is_replaced_by_the_messages(path, change):
    whole = open_played_bag(path)
    file = path / 'metadata.yaml'
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change))
    bag = open_played_bag(path)
    assert [(t.name, t.kind) for t in bag.topics] == [(t.name, t.kind) for t in whole.topics]
    assert (bag.start_ns, bag.end_ns) == (whole.start_ns, whole.end_ns)


def test_a_queue_without_measure_is_cut(path):
    file = path / 'metadata.yaml'
    text = file.read_text()
    profiles = 'offered_qos_profiles: [{depth: 900000000}]'
    file.write_text(text.replace('offered_qos_profiles: []', profiles))
    assert {t.depth for t in open_played_bag(path).topics} == {MOST_KEPT}
