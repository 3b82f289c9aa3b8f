# SPDX-License-Identifier: Apache-2.0
"""`frs bag play` as a process: every byte arrives, in time, on its topics; pauses; clean ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('rosbags')

from rclpy.qos import HistoryPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosgraph_msgs.msg import Clock
from std_msgs.msg import String
from std_srvs.srv import Trigger

from frs_ros.msg import Episode
from frs_ros.ros import qos, stamps

START = 1_700_000_000 * 10**9
WAIT = 60.0  # s; the machine may be busy
KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL)
LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    QosTime(0, 0),
    QosTime(0, 0),
    QosLiveliness.AUTOMATIC,
    QosTime(0, 0),
    avoid_ros_namespace_conventions=False,
)


@pytest.fixture(scope='session')
def episode_definition(repository) -> str:
    return (repository.messages / 'Episode.msg').read_text()


@pytest.fixture
def make_bag(tmp_path, episode_definition):
    """A bag with `count` texts, 10 ms apart, and an episode around them."""

    def make(
        count: int = 20,
        definition: str = episode_definition,
        storage: str = 'mcap',
        received: int = START,
    ) -> str:
        store = get_typestore(Stores.ROS2_KILTED)
        store.register(get_types_from_msg(definition, 'frs_ros/msg/Episode'))
        path = tmp_path / f'bag{count}'
        plugin = StoragePlugin[storage.upper()]
        with Writer(path, version=9, storage_plugin=plugin) as writer:
            episode, text = (
                writer.add_connection(topic, kind, typestore=store, offered_qos_profiles=profiles)
                for topic, kind, profiles in (
                    ('/cell/episode', 'frs_ros/msg/Episode', [LATCHED]),
                    ('/cell/text', 'std_msgs/msg/String', []),
                )
            )
            writer.write(episode, received, event_bytes(Episode.START, START))
            for index in range(count):
                at = received + index * 10**7
                writer.write(text, at, serialize_message(String(data=f'{index} ' + 'x' * 999)))
            end = START + count * 10**7
            writer.write(episode, end + received - START, event_bytes(Episode.END, end))
        return str(path)

    return make


def event_bytes(event: int, stamp_ns: int) -> bytes:
    return serialize_message(Episode(header=stamps.header(stamp_ns), event=event, id='one'))


@pytest.fixture
def play(node_process):
    def start(bag: str, *options: str):
        return node_process(
            'player',
            command=[
                sys.executable,
                '-m',
                'frs_ros.cli',
                'bag',
                'play',
                bag,
                '--wait-limit=60',
                *options,
            ],
        )

    return start


def numbers(texts: list[String]) -> list[int]:
    return [int(text.data.split()[0]) for text in texts]


def test_every_message_arrives_in_order_on_prefixed_and_renamed_topics(ros, make_bag, play):
    node = ros.node()
    texts = ros.collect(node, String, '/again/words', qos.RECORD)
    episodes = ros.collect(node, Episode, '/again/cell/episode', qos.RECORD_LATCHED)
    player = play(
        make_bag(),
        '--prefix=/again',
        '--remap=/again/cell/text:=/again/words',
        '--wait-for=2',
    )
    ros.wait_for(lambda: len(episodes) == 2 and len(texts) == 20, WAIT, 'all messages')
    assert numbers(texts) == list(range(20))
    assert [e.event for e in episodes] == [Episode.START, Episode.END]
    assert stamps.to_ns(episodes[1].header.stamp) == START + 20 * 10**7
    assert player.wait(WAIT) == 0
    assert 'end of the bag: 22 messages' in player.output


def test_a_bag_in_sqlite_is_played_whole(ros, make_bag, play):
    """It is opened in one thread and read in another."""
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    player = play(make_bag(storage='sqlite3'), '--wait-for=1')
    ros.wait_for(lambda: len(texts) == 20, WAIT, 'all messages')
    assert player.wait(WAIT) == 0
    assert 'end of the bag: 22 messages' in player.output


def test_times_that_no_clock_message_can_hold_are_played_without_it(ros, make_bag, play):
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    bag = make_bag(received=2**31 * 10**9)
    player = play(bag, '--clock=50')
    assert player.wait(WAIT) == 2
    assert 'its times are not from 1970 to 2038' in player.output
    assert 'Traceback' not in player.output
    player = play(bag, '--wait-for=1')
    ros.wait_for(lambda: len(texts) == 20, WAIT, 'all messages')
    assert player.wait(WAIT) == 0


def test_damage_that_shows_while_it_is_played_is_an_error(ros, make_bag, play):
    folder = Path(make_bag(2000))
    file = next(folder.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    player = play(str(folder), '--as-fast-as-possible')
    assert player.wait(WAIT) == 2
    assert 'end of the bag: ' in player.output
    last = player.output.splitlines()[-1]
    assert last.startswith(f'frs_ros: {folder} was not played whole: unfinished: ')


def test_only_the_chosen_topic_from_an_offset_on(ros, make_bag, play):
    node = ros.node()
    texts = ros.collect(node, String, '/cell/text', qos.RECORD)
    player = play(make_bag(), '--topics=text', '--start-offset=0.055', '--wait-for=1')
    ros.wait_for(lambda: numbers(texts) == list(range(6, 20)), WAIT, 'the rest')
    assert player.wait(WAIT) == 0
    assert node.count_publishers('/cell/episode') == 0


def test_who_comes_late_learns_the_latched_episode(ros, make_bag, play):
    play(make_bag(), '--loop', '--rate=0.02')  # START, then ten seconds of texts
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    ros.wait_for(lambda: texts, WAIT, 'a text')
    late = ros.collect(ros.node('late'), Episode, '/cell/episode', qos.LATCHED)
    ros.wait_for(lambda: late, WAIT, 'the episode')
    assert late[0].event == Episode.START


def test_nothing_is_lost_as_fast_as_possible(ros, make_bag, play):
    """Five thousand messages through queues of ten: the player waits for whoever is slow."""
    texts = ros.collect(ros.node(), String, '/cell/text', KEEP_ALL)
    player = play(make_bag(5000), '--as-fast-as-possible', '--wait-for=1')
    ros.wait_for(lambda: len(texts) == 5000, 60.0, 'all messages')
    assert numbers(texts) == list(range(5000))
    assert player.wait(WAIT) == 0


def test_services_pause_step_and_resume(ros, make_bag, play, wait_for):
    node = ros.node()
    texts = ros.collect(node, String, '/cell/text', qos.RECORD)
    clock = ros.collect(node, Clock, '/clock', qos.RECORD)
    player = play(make_bag(), '--start-paused', '--topics=text', '--clock=50', '--wait-for=1')

    def call(name: str) -> str:
        client = node.create_client(Trigger, f'/bag_player/{name}')
        ros.wait_for(client.service_is_ready, WAIT, name)
        future = client.call_async(Trigger.Request())
        ros.wait_for(future.done, WAIT, f'the answer of {name}')
        return future.result().message

    ros.wait_for(lambda: clock, WAIT, 'the clock')
    assert stamps.to_ns(clock[0].clock) == START
    ros.wait_for(lambda: len(clock) > 5, WAIT, 'more of the clock')
    already = len(texts)  # what is recorded at the very start is due however short it runs
    assert already <= 1
    for count in (1, 2, 3):
        assert 'paused' in call('step')
        ros.wait_for(lambda n=count: len(texts) == already + n, WAIT, f'step {count}')
    assert 'paused' in call('pause')
    ros.wait_for(lambda: stamps.to_ns(clock[-1].clock) > START, WAIT, 'the clock to have moved')
    assert 'playing' in call('toggle')
    ros.wait_for(lambda: numbers(texts) == list(range(20)), WAIT, 'the rest')
    assert player.wait(WAIT) == 0


def test_ctrl_c_ends_it_cleanly(ros, make_bag, play):
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    player = play(make_bag(), '--loop')
    ros.wait_for(lambda: len(texts) > 25, WAIT, 'a second lap')
    assert player.interrupt(WAIT) == 0
    assert 'Traceback' not in player.output


def test_keys_pause_and_step(ros, make_bag):
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    ours, theirs = pty.openpty()
    command = [sys.executable, '-m', 'frs_ros.cli', 'bag', 'play', make_bag(), '--start-paused']
    command += ['--topics=text', '--wait-for=1']
    player = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    try:
        ros.wait_for(lambda: b'paused' in os.read(ours, 4096), WAIT, 'the progress')
        already = len(texts)
        os.write(ours, b's')
        ros.wait_for(lambda: len(texts) > already, WAIT, 'a step')
        os.write(ours, b' ')
        ros.wait_for(lambda: len(texts) == 20, WAIT, 'the rest')
        assert player.wait(WAIT) == 0
    finally:
        if player.poll() is None:
            os.killpg(player.pid, signal.SIGKILL)
            player.wait()
        os.close(ours)
        os.close(theirs)


def test_a_type_of_another_definition_is_named_and_not_played(
    ros, make_bag, play, episode_definition
):
    """Its bytes would be read as something else."""
    texts = ros.collect(ros.node(), String, '/cell/text', qos.RECORD)
    older = episode_definition.replace('uint32 steps', 'uint64 steps')
    player = play(make_bag(definition=older), '--wait-for=1')
    ros.wait_for(lambda: len(texts) == 20, WAIT, 'what can be played')
    assert player.wait(WAIT) == 0
    assert '/cell/episode is not played: it was recorded with another definition' in player.output


@pytest.mark.parametrize(
    ('options', 'named'),
    [
        (['--wait-for=1', '--wait-limit=0'], '0 of 1 subscribers were there after'),
        (['--topics=nothing'], "has no topic 'nothing'; it has /cell/episode, /cell/text"),
        (['--rate=0'], 'parameter rate is 0.0'),
        (['--prefix=no slash'], 'ROS does not allow this name: Invalid topic name'),
        (['--prefix=/ö'], "'/ö/name'"),
        (['--prefix=/9x'], 'starts with a number'),
        (['--prefix=/a//b'], 'repeated'),
        (['--rate=2', '--as-fast-as-possible'], 'not allowed with argument'),
        (['--remap=/a=/b'], "--remap '/a=/b' is not of the form /old:=/new"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(ros_domain, make_bag, options, named):
    error = refused(make_bag(), *options)
    assert named in error
    assert len(error.splitlines()) == 1


def test_a_bag_that_does_not_exist(ros_domain, tmp_path):
    assert f'there is no bag {tmp_path / "none"}' in refused(str(tmp_path / 'none'))


def refused(*words: str) -> str:
    """Stderr of the command, in a process: a node that ends leaves signals as they must not be."""
    command = [sys.executable, '-m', 'frs_ros.cli', 'bag', 'play', *words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    assert run.returncode == 2, run.stderr
    return run.stderr
