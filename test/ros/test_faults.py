# SPDX-License-Identifier: Apache-2.0
"""The rows of the fault table in docs/safety.md that need processes.

The times in the table are measured on the arm of arithmetic with a clock turned by hand, in
`test/robot/test_cell_faults.py`; here they are only bounded, on a machine that does other things.
"""

from __future__ import annotations

import functools
import sys
import time

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from robot_cell import CAMERAS, EXECUTE, HZ, START_TIMEOUT, Cell

from frs_ros.messages.guidance import Guidance
from frs_ros.msg import ActionChunk, SafetyStatus, SteeringReport
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.guidance import guidance_to_msg

# The images come from this process, which may have to wait for a processor.
WATCHED = (
    *('-p', f'cameras:={",".join(CAMERAS)}', '-p', 'image_timeout:=1.0'),
    *('-p', 'start:=immediately'),
)
SERVER = (
    *('-p', 'checkpoint:=random_droid', '-p', 'observation_sync:=latest'),
    *('-p', 'guidance_sync:=latest', '-p', 'method:=frs'),
)
CHUNK = EXECUTE / HZ  # s that the chunk under way may still last
LATE = 3.0  # s for a machine that does other things


def test_guidance_lost_and_policy_server_killed(ros, node_process):
    cell = Cell(ros, plays=False)
    reports = ros.collect(cell.node, SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
    wishes = cell.node.create_publisher(GuidanceMsg, topics.GUIDANCE, qos.GUIDANCE_NEWEST)
    guiding = {'on': True}

    def guide() -> None:
        if guiding['on']:
            stamp = cell.node.get_clock().now().nanoseconds
            forward = Guidance(direction=np.array([1.0, 0.0, 0.0]), stamp_ns=stamp)
            wishes.publish(guidance_to_msg(forward))

    cell.node.create_timer(0.02, guide)
    server = node_process('policy_server', *SERVER)
    controller = node_process('franka_controller', *WATCHED)
    cell.reaches(SafetyStatus.ACTIVE)
    ros.wait_for(lambda: reports and reports[-1].guided, 10.0, 'a steered chunk')

    guiding['on'] = False  # as when the device's process dies
    ros.wait_for(lambda: not reports[-1].guided, 3.0, 'an unsteered chunk')
    stops, chunks = cell.status.stops, cell.status.chunks
    ros.wait_for(lambda: cell.status.chunks > chunks + 2, 10.0, 'more chunks')
    assert cell.status.stops == stops  # the arm goes on
    assert not reports[-1].guided

    server.kill()
    killed = time.monotonic()
    status = cell.reaches(SafetyStatus.STOPPED, CHUNK + 1.0 + LATE)
    assert time.monotonic() - killed < CHUNK + 1.0 + LATE
    assert status.reason == 'no fresh chunk from the policy server'
    node_process('policy_server', *SERVER)  # as its supervisor does
    listed = functools.partial(cell.node.count_publishers, topics.ACTION_CHUNK)
    ros.wait_for(lambda: listed() >= 1, START_TIMEOUT, 'the new server')
    assert cell.status.state == SafetyStatus.STOPPED
    assert cell.status.commands == status.commands
    ros.wait_for(lambda: cell.call('resume').success, 10.0, 'resume')
    cell.reaches(SafetyStatus.ACTIVE)
    assert controller.interrupt() == 0
    assert 'Traceback' not in controller.output


def test_second_commander(ros, node_process):
    cell = Cell(ros)
    controller = node_process('franka_controller', *WATCHED)
    cell.reaches(SafetyStatus.ACTIVE)
    intruder = ros.node('intruder')
    publisher = intruder.create_publisher(ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)
    status = cell.reaches(SafetyStatus.STOPPED, 1.0 + LATE)
    assert status.reason == '2 nodes publish chunks (/cell, /intruder); end all but one'
    publisher.publish(cell.answer(cell.requests[-1]))
    answer = cell.call('resume')
    assert not answer.success
    assert '/intruder' in answer.message
    ros.wait_for(lambda: cell.status.refused > status.refused, 5.0, 'the refusal')
    assert cell.status.commands == status.commands
    intruder.destroy_publisher(publisher)
    ros.wait_for(lambda: cell.call('resume').success, 10.0, 'resume')
    cell.reaches(SafetyStatus.ACTIVE, 10.0)
    assert 'Traceback' not in controller.output


def test_robot_server_killed(ros, node_process):
    pytest.importorskip('franky')
    pytest.importorskip('franky_sim')
    command = [sys.executable, '-m', 'frs_ros.robot.simulated_arm', '--host', '127.0.0.1']
    simulation = node_process('simulated_arm', command=command)
    cell = Cell(ros)
    controller = node_process(
        'franka_controller',
        *WATCHED,
        *('-p', 'driver:=franky', '-p', 'address:=127.0.0.1', '-p', 'allow_non_realtime:=true'),
    )
    cell.reaches(SafetyStatus.ACTIVE)
    ros.wait_for(cell.moves(), 10.0, 'motion')

    simulation.kill()  # as a pulled cable
    killed = time.monotonic()
    ros.wait_for(lambda: cell.status.state == SafetyStatus.FAULT, 4.0 + LATE, 'the fault')
    stopped = next(
        s for s in cell.statuses if s.state in (SafetyStatus.STOPPED, SafetyStatus.FAULT)
    )
    assert time.monotonic() - killed < 4.0 + LATE
    assert cell.status.fault in ('communication', 'connection')
    assert cell.status.resume.startswith('remove the cause, call ~/recover')
    assert not cell.call('resume').success
    refused = cell.call('recover')
    assert not refused.success
    assert 'not recovered' in refused.message
    assert cell.status.commands == stopped.commands

    node_process('simulated_arm', command=command)
    ros.wait_for(lambda: cell.call('recover').success, START_TIMEOUT, 'recovery')
    assert cell.status.commands == stopped.commands  # recovered is not resumed
    assert cell.call('resume').success
    cell.reaches(SafetyStatus.ACTIVE, 10.0)
    ros.wait_for(cell.moves(), 10.0, 'motion')
    assert controller.interrupt(10.0) == 0
    assert 'Traceback' not in controller.output
