# SPDX-License-Identifier: Apache-2.0
"""The controller as a process on an arm that another process drives by topics."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import sys

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from process_tree import alive, descendants
from robot_cell import CAMERAS, Cell
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from frs_ros.arm.models import FR3
from frs_ros.msg import Episode, SafetyStatus
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.arm_commands import TOPICS

# The images come from this process, which may have to wait for a processor, as does the mock.
WATCHED = (f'cameras:={",".join(CAMERAS)}', 'image_timeout:=1.0', 'start:=immediately')
REACHED = (
    'driver:=topics',
    'gripper:=topic',
    'gripper_joints:=fr3_finger_joint1,fr3_finger_joint2',
)


@pytest.fixture
def cell(ros):
    return Cell(ros)


@pytest.fixture
def controller(node_process):
    words = [word for p in (*WATCHED, *REACHED) for word in ('-p', p)]
    return functools.partial(node_process, 'franka_controller', *words)


@pytest.fixture
def mock(node_process):
    return functools.partial(node_process, 'mock_controller')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_moves_the_arm_of_another_process_and_leads_it_to_rest_at_the_end(
    ros, cell, controller, mock, number
):
    sent = ros.collect(cell.node, Float64MultiArray, TOPICS['forward'], 50)
    other, process = mock(), controller()
    cell.reaches(SafetyStatus.ACTIVE)
    ros.wait_for(cell.moves(), 10.0, 'motion')
    assert 'contact does not stop the arm' in process.output
    names = {tuple(msg.name) for msg in cell.joints}
    assert len(names) == 1  # nobody but the mock speaks of joints
    assert np.abs(np.array(cell.joints[-1].position[:7]) - sent[-1].data).max() < 0.1
    process.signal(number)
    assert process.wait() == 0
    other.kill()  # what it said is not to be in the way of what there is to hear

    def led_to_rest():
        steps = [np.abs(np.subtract(b.data, a.data)).max() for a, b in itertools.pairwise(sent)]
        return max(steps) > 1e-3 and steps[-1] < 0.1 * max(steps)

    ros.wait_for(led_to_rest, 5.0, 'a ramp')
    ros.wait_for(lambda: cell.status.state == SafetyStatus.IDLE, 10.0, 'the last status')
    ros.wait_for(lambda: cell.announced[-1].outcome == Episode.OUTCOME_ABORTED, 10.0, 'the end')
    assert 'Traceback' not in process.output


def test_controller_that_dies_is_a_fault_and_one_that_comes_is_recovered_to(
    ros, cell, controller, mock
):
    other = mock()
    controller()
    cell.reaches(SafetyStatus.ACTIVE)
    other.kill()
    status = cell.reaches(SafetyStatus.FAULT, 10.0)
    assert status.fault == 'communication'
    assert 'silent' in status.reason
    answer = cell.call('recover')
    assert not answer.success
    assert 'silent' in answer.message
    mock()
    ros.wait_for(lambda: cell.call('recover').success, 30.0, 'recovery')
    assert cell.call('resume').success
    cell.reaches(SafetyStatus.ACTIVE, 10.0)


def test_droid_sim_by_topics_moves_and_ends_in_order(ros, node_process, wait_for):
    pytest.importorskip('torch')
    node = ros.node('watch')
    statuses = ros.collect(node, SafetyStatus, topics.SAFETY_STATUS, qos.STATE)
    joints = ros.collect(node, JointState, topics.JOINT_STATES, qos.ARM_NEWEST)
    words = ['droid_sim', 'driver:=topics', 'command:=target_joint', 'guidance:=none']
    up = node_process('up', command=[sys.executable, '-m', 'frs_ros.cli', 'up', *words])
    ros.wait_for(
        lambda: any(s.state == SafetyStatus.ACTIVE for s in statuses), 90.0, 'an arm that acts'
    )
    home = np.array(FR3.home)
    ros.wait_for(
        lambda: np.abs(joints[-1].position[:7] - home).max() > 0.005, 30.0, 'an arm that moves'
    )
    assert 'real-time' not in up.output  # nothing here needs it
    children = descendants(up.process.pid)
    os.kill(up.process.pid, signal.SIGINT)  # to it alone, as its processes are in other groups
    assert up.wait(15.0) == 0
    wait_for(lambda: not any(alive(pid) for pid in children), 2.0, 'the end of every process')
    assert 'Traceback' not in up.output
    for name in ('franka_controller', 'mock_controller'):
        assert f'{name} does not end' not in up.output
