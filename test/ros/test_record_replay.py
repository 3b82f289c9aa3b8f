# SPDX-License-Identifier: Apache-2.0
"""The whole way with real nodes: topics, recorder, bag, dataset, playback, trainer, dataset."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('rosbags')

from sensor_msgs.msg import CompressedImage

from frs_ros import cli
from frs_ros.datasets.distillation import digest, load_dataset
from frs_ros.msg import ActionChunk, Episode, PlanRequest, RobotState, SteeringReport
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps

WAIT = 60.0  # s; the machine may be busy
CAMERAS = ('agentview', 'wrist')
H, A, D = 5, 7, 8
PLANS = 4


class Cell:
    """Publishes episodes as a robot cell or a simulator does, without any."""

    def __init__(self, node) -> None:
        self._publishers = {
            topic: node.create_publisher(kind, topic, profile)
            for topic, kind, profile in (
                (topics.EPISODE, Episode, qos.LATCHED),
                (topics.PLAN_REQUEST, PlanRequest, qos.EXCHANGE),
                (topics.ACTION_CHUNK, ActionChunk, qos.EXCHANGE),
                (topics.STEERING_REPORT, SteeringReport, qos.EXCHANGE),
                (topics.ROBOT_STATE, RobotState, qos.STATE),
                *((topics.image(camera), CompressedImage, qos.IMAGE_OUT) for camera in CAMERAS),
            )
        }
        self._rng = np.random.default_rng(5)

    def listeners(self) -> int:
        """Of the topic that has the fewest."""
        return min(p.get_subscription_count() for p in self._publishers.values())

    def episode(self, name: str, outcome: int) -> None:
        now = time.time_ns()
        start = Episode(header=stamps.header(now), event=Episode.START, id=name, seed=3)
        start.instruction = 'open the drawer'
        self._publish(topics.EPISODE, start)
        for request in range(PLANS):
            self._plan(name, request)
        end = Episode(header=stamps.header(time.time_ns()), event=Episode.END, id=name)
        end.outcome, end.steps = outcome, PLANS * H
        self._publish(topics.EPISODE, end)

    def _plan(self, name: str, request: int) -> None:
        header, rng = stamps.header(time.time_ns()), self._rng
        self._publish(
            topics.ROBOT_STATE, RobotState(header=header, policy_state=rng.normal(size=8))
        )
        for camera in CAMERAS:
            image = cv2.resize(rng.integers(0, 256, (4, 4, 3), np.uint8), (96, 96))
            data = cv2.imencode('.jpg', image)[1].tobytes()
            self._publish(
                topics.image(camera), CompressedImage(header=header, format='jpeg', data=data)
            )
        common = {'header': header, 'request_id': request, 'episode_id': name}
        self._publish(topics.PLAN_REQUEST, PlanRequest(**common, seed=3))
        chunk = ActionChunk(
            **common,
            method='frs',
            horizon=H,
            action_dim=A,
            model_dim=D,
            policy_id='0123456789abcdef',
            action_space='cartesian_delta',
            control_hz=20.0,
            actions=rng.normal(size=H * A),
            noise=rng.normal(size=H * D).astype(np.float32),
            execute_steps=H,
        )
        self._publish(topics.ACTION_CHUNK, chunk)
        self._publish(topics.STEERING_REPORT, SteeringReport(**common, guided=request % 2 == 0))
        time.sleep(0.05)

    def _publish(self, topic: str, message) -> None:
        self._publishers[topic].publish(message)


def whole(folder: Path, episodes: int) -> bool:
    return (folder / 'dataset.json').exists() and len(load_dataset(folder).episodes) == episodes


def test_live_file_and_playback_give_one_dataset(ros, node_process, wait_for, tmp_path, capsys):
    bags, live, again = tmp_path / 'bags', tmp_path / 'live', tmp_path / 'again'
    recorder = node_process(
        'recorder', '-p', f'directory:={bags}', '-p', 'min_free_gb:=0.01', '-p', 'label:=test'
    )
    trainer = node_process('trainer', '-p', f'out:={live}')
    cell = Cell(ros.node('cell'))
    ros.wait_for(lambda: cell.listeners() >= 2, 2 * WAIT, 'recorder and trainer')
    cell.episode('first', Episode.OUTCOME_SUCCESS)
    cell.episode('second', Episode.OUTCOME_FAILURE)
    cell.episode('third', Episode.OUTCOME_SUCCESS)
    wait_for(lambda: whole(live, 2), WAIT, 'what was learned live')
    for process in (recorder, trainer):
        process.signal(signal.SIGINT)
    assert (recorder.wait(WAIT), trainer.wait(WAIT)) == (0, 0)

    (bag,) = bags.iterdir()
    assert cli.main(['bag', 'info', str(bag), '--json', str(tmp_path / 'info.json')]) == 0
    assert 'open the drawer' in capsys.readouterr().out
    assert 'first' in json.dumps(json.loads((tmp_path / 'info.json').read_text()))
    assert cli.main(['bag', 'convert', str(bag), '--out', str(tmp_path / 'file')]) == 0
    dataset = load_dataset(tmp_path / 'file')
    assert [episode.id for episode in dataset.episodes] == ['first', 'third']
    assert dataset.samples == 2 * PLANS
    assert digest(live) == digest(tmp_path / 'file')

    node_process('trainer', '-p', f'out:={again}')
    words = [sys.executable, '-m', 'frs_ros.cli', 'bag', 'play', str(bag), '--rate=4']
    words += ['--wait-for=7', f'--wait-limit={WAIT:.0f}']
    player = node_process('player', command=words)
    wait_for(lambda: whole(again, 2), 2 * WAIT, 'what was learned from the playback')
    assert player.wait(WAIT) == 0
    assert digest(again) == digest(tmp_path / 'file')
