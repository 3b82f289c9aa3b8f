# SPDX-License-Identifier: Apache-2.0
"""The recorder as a process: what it hears is in the bag, and bags are never overwritten."""

from __future__ import annotations

import shlex
import signal
import sys
from array import array

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('mcap')
pytest.importorskip('rosbags')

import numpy as np
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rosbags import highlevel
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from frs_ros.bags.read.bag_reader import Bag
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.plan import ActionChunk
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import Episode, RobotState
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.episode import episode_to_msg
from frs_ros.ros.convert.plan import chunk_to_msg
from frs_ros.ros.message_info import acknowledged
from frs_ros.types import CARTESIAN_DELTA

PATIENCE = 40.0  # s; machines are busy
NOISE = np.random.default_rng(0).normal(size=(10, 7)).astype(np.float32)
CHUNK = ActionChunk(3, 'e-0', np.ones((10, 7)), NOISE, 5, 'frs', 7, CARTESIAN_DELTA, 20.0)
START = EpisodeEvent('e-0', 'pick up the milk', 7)
END = EpisodeEvent('e-0', 'pick up the milk', 7, Outcome.SUCCESS, '', 12)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class Cell:
    """The test's side: publishes what a graph does."""

    def __init__(self, ros) -> None:
        self.ros, self.node = ros, ros.node('cell')
        publish = self.node.create_publisher
        self.state = publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self.chunk = publish(ActionChunkMsg, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.episode = publish(Episode, topics.EPISODE, qos.LATCHED)
        self.image = publish(CompressedImage, topics.image('wrist'), qos.IMAGE_OUT)
        self.info = publish(CameraInfo, topics.camera_info('wrist'), qos.IMAGE_OUT)
        self.raw = publish(Image, topics.raw_image('wrist'), qos.IMAGE_OUT)
        self.view = publish(CompressedImage, topics.image(topics.VIEW), qos.IMAGE_OUT)
        self.note = publish(String, 'note', BEST_EFFORT)
        self.diagnostics = ros.collect(self.node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)

    def wait_for_recorder(self, *publishers) -> None:
        publishers = publishers or (self.state, self.chunk, self.episode, self.image, self.info)
        self.ros.wait_for(
            lambda: all(p.get_subscription_count() for p in publishers), PATIENCE, 'the recorder'
        )

    def label(self, event: EpisodeEvent) -> None:
        self.episode.publish(episode_to_msg(event, self.node.get_clock().now().nanoseconds))

    def values(self) -> dict[str, str]:
        """Figures of the newest status of the recorder."""
        for said in reversed(self.diagnostics):
            for status in said.status:
                if status.name == 'recorder: recording':
                    return {v.key: v.value for v in status.values} | {'line': status.message}
        return {}

    def wait_for_messages(self, count: int) -> None:
        self.ros.wait_for(
            lambda: int(self.values().get('messages', 0)) >= count, PATIENCE, f'{count} messages'
        )

    def call(self, service: str) -> Trigger.Response:
        client = self.node.create_client(Trigger, f'recorder/{service}')
        self.ros.wait_for(client.service_is_ready, PATIENCE, service)
        future = client.call_async(Trigger.Request())
        self.ros.wait_for(future.done, PATIENCE, f'the answer of {service}')
        return future.result()


def content(folder) -> dict[str, list]:
    """Topic -> messages of a bag, as rosbags decodes them."""
    found: dict[str, list] = {}
    with highlevel.AnyReader([folder]) as reader:
        for connection, _, raw in reader.messages():
            msg = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append(msg)
    return found


def state(n: int) -> RobotState:
    return RobotState(header=Header(stamp=stamps.header(n).stamp), gripper_command=0.5)


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_what_is_said_is_in_the_bag(ros, node_process, tmp_path, storage):
    bags = tmp_path / 'bags'
    cell = Cell(ros)
    cell.label(START)  # before the recorder is there: latched
    process = node_process(
        'recorder',
        *('-p', f'directory:={bags}', '-p', f'storage:={storage}', '-p', 'label:=Milk run'),
        *('-p', 'extra_topics:=note', '-p', 'min_free_gb:=0.01'),
    )
    cell.wait_for_recorder()
    cell.wait_for_recorder(cell.note)
    assert not cell.raw.get_subscription_count()
    assert not cell.view.get_subscription_count()
    for n in range(20):
        cell.state.publish(state(n))
    cell.image.publish(CompressedImage(format='jpeg', data=bytes(range(256)) * 100))
    cell.info.publish(CameraInfo(width=640, height=480))
    cell.chunk.publish(chunk_to_msg(CHUNK))
    cell.note.publish(String(data='hallo'))
    cell.label(END)
    cell.wait_for_messages(26)
    assert process.interrupt(PATIENCE) == 0
    (folder,) = bags.iterdir()
    assert folder.name.endswith('_milk-run')
    found = content(folder)
    assert found['/episode'][0].instruction == 'pick up the milk'
    assert [e.event for e in found['/episode']] == [Episode.START, Episode.END]
    assert [stamps.to_ns(m.header.stamp) for m in found['/robot_state']] == list(range(20))
    (chunk,) = found['/action_chunk']
    np.testing.assert_array_equal(chunk.noise, NOISE.ravel())
    assert found['/wrist/color/image_raw/compressed'][0].data.tobytes() == bytes(range(256)) * 100
    assert found['/wrist/color/camera_info'][0].width == 640
    assert found['/note'][0].data == 'hallo'
    metadata = yaml.safe_load((folder / 'metadata.yaml').read_text())
    about = metadata['rosbag2_bagfile_information']
    assert about['custom_data'] == {'frs_ros.state': 'complete', 'frs_ros.dropped': '{}'}
    offered = {
        t['topic_metadata']['name']: t['topic_metadata']['offered_qos_profiles'][0]
        for t in about['topics_with_message_count']
    }
    assert offered['/episode']['durability'] == 'transient_local'
    assert offered['/note']['reliability'] == 'best_effort'


def test_kill_9_leaves_a_bag_and_a_restart_begins_another(ros, node_process, tmp_path):
    cell = Cell(ros)
    words = ('-p', f'directory:={tmp_path / "bags"}', '-p', 'min_free_gb:=0.01')
    process = node_process('recorder', *words)
    cell.wait_for_recorder(cell.state)
    for n in range(20):
        cell.state.publish(state(n))
    cell.wait_for_messages(20)
    process.signal(signal.SIGKILL)
    process.wait()
    (first,) = (tmp_path / 'bags').iterdir()
    size = next(first.glob('*.mcap')).stat().st_size
    again = node_process('recorder', *words)
    ros.wait_for(lambda: 'recording to' in again.output, PATIENCE, 'the second bag')
    assert again.interrupt(PATIENCE) == 0
    assert len(list((tmp_path / 'bags').iterdir())) == 2
    assert next(first.glob('*.mcap')).stat().st_size == size
    bag = Bag(first)
    assert [m.topic for m in bag.messages()].count('/robot_state') == 20
    assert bag.custom['frs_ros.state'] == 'recording'


def test_a_disk_that_takes_no_more_stops_the_recording_and_not_the_node(
    ros, node_process, tmp_path
):
    cell, bags = Cell(ros), tmp_path / 'bags'
    words = [sys.executable, '-m', 'frs_ros.nodes.recorder_node', '--ros-args']
    words += ['-p', f'directory:={bags}', '-p', 'images:=raw', '-p', 'min_free_gb:=0.01']
    limited = f'ulimit -f 3000; exec {shlex.join(words)}'  # in KiB, of a file
    process = node_process('recorder', command=['bash', '-c', limited])
    cell.wait_for_recorder(cell.state, cell.raw)
    cell.state.publish(state(1))
    cell.wait_for_messages(1)
    image = Image(data=array('B', bytes(500_000)))

    def stopped() -> bool:
        cell.raw.publish(image)
        return 'recording has stopped' in cell.values().get('line', '')

    ros.wait_for(stopped, PATIENCE, 'the end of the recording')
    assert 'File too large' in cell.values()['line']
    assert process.output.count('File too large') == 1
    assert cell.call('start').success  # the node is alive, and may try again
    assert process.interrupt(PATIENCE) == 0
    first, _ = sorted(bags.iterdir())
    found = content(first)
    assert [stamps.to_ns(m.header.stamp) for m in found['/robot_state']] == [1]
    metadata = yaml.safe_load((first / 'metadata.yaml').read_text())
    custom = metadata['rosbag2_bagfile_information']['custom_data']
    assert custom['frs_ros.state'] == 'stopped by an error'
    assert yaml.safe_load(custom['frs_ros.dropped'])['/wrist/color/image_raw'] > 0


def test_one_bag_per_episode_labelled_by_services(ros, node_process, tmp_path):
    bags = tmp_path / 'bags'
    cell = Cell(ros)
    process = node_process(
        'recorder',
        *('-p', f'directory:={bags}', '-p', 'split:=episode', '-p', 'instruction:=open it'),
        *('-p', 'min_free_gb:=0.01', '-p', 'seed:=5'),
    )
    cell.wait_for_recorder(cell.state, cell.episode)
    cell.state.publish(state(0))  # belongs to no episode
    assert acknowledged(cell.state, PATIENCE)  # had it not arrived yet, it would belong to one
    assert not cell.call('success').success  # there is none to end
    assert cell.call('begin').success
    assert not cell.call('begin').success
    ros.wait_for(lambda: cell.values().get('state') == 'recording', PATIENCE, 'the first bag')
    cell.state.publish(state(1))
    cell.wait_for_messages(2)
    ended = cell.call('success')
    assert ended.success
    assert ended.message.endswith(': success')
    ros.wait_for(lambda: cell.values().get('state') == 'not recording', PATIENCE, 'its end')
    cell.label(START)  # of somebody else
    ros.wait_for(lambda: cell.values().get('state') == 'recording', PATIENCE, 'the second bag')
    cell.state.publish(state(2))
    cell.wait_for_messages(2)
    assert cell.call('failure').success
    assert process.interrupt(PATIENCE) == 0
    first, second = sorted(bags.iterdir(), key=lambda f: 'e-0' in f.name)
    assert first.name.endswith('-0_open-it')
    assert second.name.endswith('_e-0_pick-up-the-milk')
    one, two = content(first), content(second)
    assert [stamps.to_ns(m.header.stamp) for m in one['/robot_state']] == [1]
    assert [stamps.to_ns(m.header.stamp) for m in two['/robot_state']] == [2]
    assert [(e.event, e.outcome, e.seed) for e in one['/episode']] == [(1, 0, 5), (2, 1, 5)]
    assert [(e.event, e.outcome, e.id) for e in two['/episode']] == [
        (1, 0, 'e-0'),
        (2, 2, 'e-0'),
    ]


def test_stop_and_start(ros, node_process, tmp_path):
    cell = Cell(ros)
    words = ('-p', f'directory:={tmp_path}/bags', '-p', 'autostart:=false')
    process = node_process('recorder', *words, '-p', 'min_free_gb:=0.01')
    assert not cell.call('stop').success
    started = cell.call('start')
    assert started.success
    assert 'recording to' in started.message
    assert not cell.call('start').success
    assert cell.call('stop').success
    assert cell.call('start').success
    assert process.interrupt(PATIENCE) == 0
    assert len(list((tmp_path / 'bags').iterdir())) == 2


def test_a_full_disk_is_one_line_and_exit_code_2(node_process, tmp_path):
    process = node_process('recorder', '-p', f'directory:={tmp_path}', '-p', 'min_free_gb:=9999.0')
    assert process.wait(PATIENCE) == 2
    assert 'GB free, less than min_free_gb (9999)' in process.output
    assert 'Traceback' not in process.output


def test_a_folder_that_cannot_be_made_is_one_line(node_process, tmp_path):
    (tmp_path / 'file').touch()
    process = node_process('recorder', '-p', f'directory:={tmp_path}/file/bags')
    assert process.wait(PATIENCE) == 2
    assert 'file/bags: cannot be written' in process.output


def test_an_episode_that_cannot_be_read_is_said_and_recorded_all_the_same(
    ros, node_process, tmp_path
):
    """Such as that of a node with another version of the message: its type has the same name."""
    bags = tmp_path / 'bags'
    process = node_process('recorder', '-p', f'directory:={bags}', '-p', 'min_free_gb:=0.01')
    cell = Cell(ros)
    cell.wait_for_recorder()
    cell.label(START)
    cell.episode.publish(serialize_message(episode_to_msg(END, 1))[:20])
    ros.wait_for(
        lambda: any(
            'a message on /episode cannot be read' in status.message
            for said in cell.diagnostics
            for status in said.status
        ),
        PATIENCE,
        'the line',
    )
    cell.label(END)
    cell.wait_for_messages(3)
    assert process.interrupt(PATIENCE) == 0
    (bag,) = bags.iterdir()
    assert sum(topic == '/episode' for topic, *_ in Bag(bag).messages()) == 3
