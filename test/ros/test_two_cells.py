# SPDX-License-Identifier: Apache-2.0
"""Two arms at once: each graph in a namespace of its own, and neither hears the other."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from std_srvs.srv import Trigger

from frs_ros.msg import ActionChunk, RobotState, SafetyStatus
from frs_ros.nodes import topics
from frs_ros.ros import qos

START_TIMEOUT = 90.0  # s; ten processes on cores that others use too
SIDES = ('left', 'right')
WORDS = ('driver:=kinematic', 'checkpoint:=random_droid', 'guidance:=none', 'markers:=false')


class Side:
    """The test's ears in one namespace."""

    def __init__(self, ros, name: str) -> None:
        self.name, self._ros, self.node = name, ros, ros.node(f'{name}_watch', namespace=name)
        self.status = ros.collect(self.node, SafetyStatus, topics.SAFETY_STATUS, qos.STATE)
        self.states = ros.collect(self.node, RobotState, topics.ROBOT_STATE, qos.STATE)
        self.chunks = ros.collect(self.node, ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)

    def reached(self, state: int) -> bool:
        return any(status.state == state for status in self.status)

    def hold(self) -> Trigger.Response:
        client = self.node.create_client(Trigger, topics.HOLD)
        self._ros.wait_for(client.service_is_ready, 20.0, f'{self.name}/{topics.HOLD}')
        future = client.call_async(Trigger.Request())
        self._ros.wait_for(future.done, 20.0, 'its answer')
        return future.result()


def test_two_arms_move_at_once_and_one_is_stopped_alone(ros, node_process):
    left, right = sides = [Side(ros, name) for name in SIDES]
    for name in SIDES:
        words = [*WORDS, f'namespace:={name}', f'instruction:=task of the {name} arm']
        node_process(
            'up', command=[sys.executable, '-m', 'frs_ros.cli', 'up', 'droid_sim', *words]
        )
    for side in sides:
        ros.wait_for(
            lambda side=side: side.reached(SafetyStatus.ACTIVE), START_TIMEOUT, 'a moving arm'
        )
    for side in sides:
        assert side.states[-1].header.frame_id == f'{side.name}/base'
        assert side.chunks
        publishers = side.node.get_publishers_info_by_topic(topics.ACTION_CHUNK)
        assert [p.node_namespace for p in publishers] == [f'/{side.name}']
    assert left.hold().success
    ros.wait_for(lambda: left.status[-1].state == SafetyStatus.STOPPED, 10.0, 'the stop')
    right.status.clear()
    ros.wait_for(lambda: right.reached(SafetyStatus.ACTIVE), 20.0, 'the other one, going on')
    assert not right.reached(SafetyStatus.STOPPED)
