# SPDX-License-Identifier: Apache-2.0
"""The controller as a process on an arm that another process drives by topics."""

from __future__ import annotations

import functools
import itertools
import signal

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from robot_cell import CAMERAS, Cell
from std_msgs.msg import Float64MultiArray

from frs_ros.msg import Episode, SafetyStatus
from frs_ros.ros.arm_commands import TOPICS

# The pictures come from this process, which may have to wait for a processor, as does the mock.
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
