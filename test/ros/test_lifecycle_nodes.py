# SPDX-License-Identifier: Apache-2.0
"""Nodes that a lifecycle manager can order: nothing before they are active, nothing after."""

from __future__ import annotations

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

from frs_ros.nodes import topics
from frs_ros.ros import qos

PATIENCE = 30.0  # s, on a busy machine


class Manager:
    """A client of the lifecycle services of one node."""

    def __init__(self, ros, name: str) -> None:
        self._ros, self.node = ros, ros.node('manager')
        self._change = self.node.create_client(ChangeState, f'{name}/change_state')
        self._get = self.node.create_client(GetState, f'{name}/get_state')
        ros.wait_for(self._change.service_is_ready, PATIENCE, f'{name} to be there')
        ros.wait_for(self._get.service_is_ready, PATIENCE, f'{name} to be there')

    def call(self, client, request):
        future = client.call_async(request)
        self._ros.wait_for(future.done, PATIENCE, 'an answer')
        return future.result()

    def change(self, transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.call(self._change, request).success

    @property
    def state(self) -> int:
        return self.call(self._get, GetState.Request()).current_state.id


def test_a_camera_publishes_only_while_it_is_active(ros, node_process):
    words = ('-p', 'managed:=true', '-p', 'source:=synthetic', '-p', 'frame_prefix:=left/')
    process = node_process('camera', '-r', '__ns:=/left', *words)
    manager = Manager(ros, '/left/camera')
    topic = '/left/camera/color/image_raw/compressed'
    images = ros.collect(manager.node, CompressedImage, topic, qos.IMAGE_NEWEST)
    assert manager.state == State.PRIMARY_STATE_UNCONFIGURED
    assert not manager.change(Transition.TRANSITION_ACTIVATE)
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    for _ in range(2):
        assert images == []
        assert manager.change(Transition.TRANSITION_ACTIVATE)
        ros.wait_for(lambda: images, PATIENCE, 'an image')
        assert images[0].header.frame_id == 'left/camera_color_optical_frame'
        assert manager.change(Transition.TRANSITION_DEACTIVATE)
        assert manager.state == State.PRIMARY_STATE_INACTIVE  # whatever was under way has come
        images.clear()
    assert manager.change(Transition.TRANSITION_CLEANUP)
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert process.interrupt() == 0


def test_a_recorder_records_only_while_it_is_active(ros, node_process, tmp_path):
    folder = tmp_path / 'bags'
    node_process('recorder', '-p', 'managed:=true', '-p', f'directory:={folder}')
    manager = Manager(ros, '/recorder')
    start = manager.node.create_client(Trigger, '/recorder/start')
    ros.wait_for(start.service_is_ready, PATIENCE, 'the service')
    assert manager.call(start, Trigger.Request()).message == 'the node is not active'
    assert not folder.exists()
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert list(folder.iterdir()) == []
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert len(list(folder.iterdir())) == 1
    assert manager.change(Transition.TRANSITION_DEACTIVATE)
    bag = next(folder.iterdir())
    ros.wait_for((bag / 'metadata.yaml').exists, PATIENCE, 'the bag to be closed')
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_made_fails_configuring(ros, node_process, tmp_path):
    file = tmp_path / 'file'
    file.touch()
    process = node_process('recorder', '-p', 'managed:=true', '-p', f'directory:={file}/bags')
    manager = Manager(ros, '/recorder')
    assert not manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state == State.PRIMARY_STATE_UNCONFIGURED
    ros.wait_for(lambda: f'{file}/bags: cannot be written' in process.output, PATIENCE, 'a reason')


def test_a_policy_server_is_no_commander_before_it_is_active(ros, node_process):
    words = ('-p', 'managed:=true', '-p', 'checkpoint:=random_droid', '-p', 'method:=base')
    process = node_process('policy_server', *words, '-p', 'observation_sync:=latest')
    manager = Manager(ros, '/policy_server')

    def commanders() -> int:
        return manager.node.count_publishers(topics.ACTION_CHUNK)

    assert not manager.change(Transition.TRANSITION_ACTIVATE)
    assert manager.change(Transition.TRANSITION_CONFIGURE)
    assert commanders() == 0
    for _ in range(2):
        assert manager.change(Transition.TRANSITION_ACTIVATE)
        ros.wait_for(lambda: commanders() == 1, PATIENCE, 'its publisher')
        assert manager.change(Transition.TRANSITION_DEACTIVATE)
        ros.wait_for(lambda: commanders() == 0, PATIENCE, 'the end of its publisher')
    assert manager.change(Transition.TRANSITION_CLEANUP)
    assert manager.state == State.PRIMARY_STATE_UNCONFIGURED
    assert process.interrupt() == 0


def test_a_checkpoint_that_is_missing_fails_configuring_and_the_node_stays(ros, node_process):
    words = ('-p', 'managed:=true', '-p', 'checkpoint:=nowhere.safetensors')
    process = node_process('policy_server', *words)
    manager = Manager(ros, '/policy_server')
    assert not manager.change(Transition.TRANSITION_CONFIGURE)
    assert manager.state == State.PRIMARY_STATE_UNCONFIGURED
    ros.wait_for(lambda: 'nowhere.safetensors' in process.output, PATIENCE, 'a reason')
    assert process.interrupt() == 0
