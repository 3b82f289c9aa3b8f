# SPDX-License-Identifier: Apache-2.0
"""The trainer node: what it learns from a playback is what the file gives; it trains; faults."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('rosbags')

from bag_factory import FAILURE, NS, START_NS, BagFactory
from diagnostic_msgs.msg import DiagnosticArray
from std_srvs.srv import Trigger

from frs_ros.bags.read.bag_reader import Bag
from frs_ros.datasets.conversion import ConversionSettings, convert
from frs_ros.datasets.distillation import digest, load_dataset
from frs_ros.ros import qos

WAIT = 60.0  # s; the machine may be busy
TOPICS = 7  # of a bag: five, and two cameras


@pytest.fixture
def bag(tmp_path) -> Path:
    """Two successes and a failure."""
    path = tmp_path / 'session'
    with BagFactory(path) as writer:
        writer.episode('e0', START_NS)
        writer.episode('e1', START_NS + 2 * NS, outcome=FAILURE)
        writer.episode('e2', START_NS + 4 * NS, plans=9)
    return path


@pytest.fixture
def converted(bag, tmp_path) -> str:
    """Digest of the dataset that the file gives."""
    folder = tmp_path / 'converted'
    convert([Bag(bag)], folder, ConversionSettings())
    return digest(folder)


@pytest.fixture
def trainer(node_process, tmp_path):
    def start(*ros_args: str):
        return node_process('trainer', '-p', f'out:={tmp_path / "live"}', *ros_args)

    return start


@pytest.fixture
def play(node_process):
    def start(bag: Path, *options: str):
        words = [sys.executable, '-m', 'frs_ros.cli', 'bag', 'play', str(bag), *options]
        return node_process('player', command=[*words, f'--wait-limit={WAIT:.0f}'])

    return start


def written(folder: Path, episodes: int) -> bool:
    """Whether the dataset has as many episodes; it is whole whenever it is there."""
    return (folder / 'dataset.json').exists() and len(load_dataset(folder).episodes) == episodes


def ask(ros, node, service: str) -> Trigger.Response:
    client = node.create_client(Trigger, service)
    ros.wait_for(client.service_is_ready, WAIT, service)
    future = client.call_async(Trigger.Request())
    ros.wait_for(future.done, WAIT, 'the answer')
    return future.result()


@pytest.mark.parametrize('speed', ['--rate=4', '--as-fast-as-possible'])
def test_a_playback_gives_the_dataset_of_the_file(
    wait_for, bag, converted, trainer, play, tmp_path, speed
):
    node = trainer()
    player = play(bag, speed, f'--wait-for={TOPICS}')
    wait_for(lambda: written(tmp_path / 'live', 2), 2 * WAIT, 'two episodes')
    assert digest(tmp_path / 'live') == converted
    assert player.wait(WAIT) == 0
    assert node.interrupt(WAIT) == 0
    assert digest(tmp_path / 'live') == converted
    assert 'Traceback' not in node.output


def test_it_trains_when_asked_and_says_how_to_use_the_result(ros, bag, trainer, play, tmp_path):
    process = trainer('-p', 'train_options:=--steps 3 --batch 4 --val-episodes 0')
    node = ros.node()
    refused = ask(ros, node, '/trainer/train')
    assert (refused.success, refused.message) == (
        False,
        'no successful episode has been heard yet',
    )
    play(bag, '--as-fast-as-possible', f'--wait-for={TOPICS}')
    ros.wait_for(lambda: written(tmp_path / 'live', 2), 2 * WAIT, 'two episodes')
    answer = ask(ros, node, '/trainer/train')
    assert answer.success
    assert 'training on 2 successes' in answer.message
    checkpoint = tmp_path / 'live_dsbc_1' / 'dsbc.safetensors'
    line = "ros2 param set /policy_server method_options '' && "
    line += f'ros2 param set /policy_server distilled {checkpoint} && '
    line += 'ros2 param set /policy_server method dsbc'
    ros.wait_for(lambda: line in process.output, 3 * WAIT, 'the end of the training')
    assert checkpoint.is_file()
    assert process.interrupt(WAIT) == 0


def test_a_training_that_fails_is_a_diagnostic_and_the_node_goes_on(
    ros, bag, trainer, play, tmp_path
):
    process = trainer('-p', 'train_options:=--steps none', '-p', 'train_after:=2')
    node = ros.node()
    diagnostics = ros.collect(node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    play(bag, '--as-fast-as-possible', f'--wait-for={TOPICS}')

    def failed() -> bool:
        lines = [s.message for array in diagnostics for s in array.status]
        return any('the training failed: frs: error: ' in line for line in lines)

    ros.wait_for(failed, 3 * WAIT, 'the failure')
    assert process.returncode is None
    assert written(tmp_path / 'live', 2)
    assert process.interrupt(WAIT) == 0


def test_a_folder_that_is_in_use_is_one_line_and_exit_code_2(trainer, tmp_path):
    (tmp_path / 'live').mkdir()
    (tmp_path / 'live' / 'notes.txt').write_text('mine')
    process = trainer()
    assert process.wait(WAIT) == 2
    assert 'name a new folder or remove it' in process.output
    assert len(process.output.splitlines()) == 1
    assert (tmp_path / 'live' / 'notes.txt').read_text() == 'mine'
