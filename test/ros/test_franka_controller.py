# SPDX-License-Identifier: Apache-2.0
"""The controller as a process on the arm of arithmetic."""

from __future__ import annotations

import functools
import time

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from robot_cell import CAMERAS, START_TIMEOUT, Cell

from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.msg import Episode, RobotState, SafetyStatus
from frs_ros.ros.convert.episode import episode_to_msg
from frs_ros.ros.convert.robot import proprioception_from_msg

# The images come from this process, which may have to wait for a processor.
WATCHED = ('-p', f'cameras:={",".join(CAMERAS)}', '-p', 'image_timeout:=1.0')


@pytest.fixture
def cell(ros):
    return Cell(ros)


@pytest.fixture
def controller(node_process):
    return functools.partial(
        node_process, 'franka_controller', *WATCHED, '-p', 'start:=immediately'
    )


def test_executes_chunks_and_says_so(ros, cell, controller):
    process = controller()
    cell.reaches(SafetyStatus.ACTIVE)
    ros.wait_for(lambda: len(cell.joints) > 2, 5.0, 'joint states')
    ros.wait_for(cell.moves(), 10.0, 'motion')
    ros.wait_for(lambda: cell.status.chunks > 4, 10.0, 'chunks')
    status = cell.status
    assert status.commands > 50
    assert status.stops == 0
    assert 0.0 < status.chunk_to_command < 0.2
    state = cell.states[-1]
    assert state.mode == RobotState.MODE_POLICY
    assert state.header.frame_id == 'base'
    told = proprioception_from_msg(state).state
    assert cell.joints[-1].name[0] == 'fr3_joint1'
    assert cell.joints[-1].name[7:] == ['fr3_finger_joint1', 'fr3_finger_joint2']
    assert told.shape == (8,)
    assert np.abs(told[:7] - np.array(cell.joints[-1].position[:7])).max() < 0.1
    start = cell.announced[0]
    assert (start.event, start.id) == (Episode.START, cell.requests[0].episode_id)
    assert [r.request_id for r in cell.requests] == list(range(len(cell.requests)))
    assert process.interrupt() == 0  # a controlled stop, see the test of destroy_node below
    assert 'Traceback' not in process.output


def test_frozen_cameras_and_nonsense_hold_the_arm(ros, cell, controller):
    process = controller()
    cell.reaches(SafetyStatus.ACTIVE)
    cell.films = False
    status = cell.reaches(SafetyStatus.STOPPED, 10.0)
    assert 'no new image from camera' in status.reason
    assert status.resume == 'call ~/resume'
    commands = status.commands
    cell.films = True
    ros.wait_for(lambda: len(cell.statuses) > 5, 10.0, 'more statuses')
    assert cell.status.state == SafetyStatus.STOPPED
    assert cell.status.commands == commands
    answer = cell.call('resume')
    assert answer.success, answer.message
    cell.reaches(SafetyStatus.ACTIVE, 10.0)
    # a chunk that nobody can read
    cell.plays = False
    ros.wait_for(lambda: cell.requests, 5.0)
    cell.chunks.publish(cell.answer(cell.requests[-1], actions=[float('nan')] * 120))
    ros.wait_for(lambda: cell.says('holds a number that is not finite'), 10.0, 'the refusal')
    cell.reaches(SafetyStatus.STOPPED, 10.0)
    assert process.output.count('no new image from camera') < 5  # one line, not one per tick


def test_operator_services(ros, cell, controller):
    controller()
    cell.reaches(SafetyStatus.ACTIVE)
    answer = cell.call('resume')
    assert not answer.success
    assert 'nothing to resume: the controller is ACTIVE' in answer.message
    assert 'no fault is latched' in cell.call('recover').message
    assert 'call ~/hold first' in cell.call('home').message
    ros.wait_for(cell.moves(), 10.0, 'motion')
    answer = cell.call('hold')
    assert answer.success
    assert answer.message == 'STOPPED: stopped by the operator; next: call ~/resume'
    ros.wait_for(lambda: cell.states[-1].mode == RobotState.MODE_IDLE, 5.0, 'the mode')
    answer = cell.call('home')
    assert answer.success, answer.message
    there = 'at the start position'
    ros.wait_for(lambda: cell.status.reason == there, START_TIMEOUT, 'the start position')
    assert cell.status.state == SafetyStatus.STOPPED
    assert abs(cell.joints[-1].position[0]) < 0.06


def test_episodes_of_the_operator(ros, cell, node_process):
    now = cell.node.get_clock().now
    old = EpisodeEvent('old', 'long ago', 1)
    cell.episodes.publish(episode_to_msg(old, now().nanoseconds))
    process = node_process('franka_controller', *WATCHED)  # moves nothing unless told to
    cell.reaches(SafetyStatus.IDLE)
    ignored = "episode 'old' ignored: older than the activation"
    ros.wait_for(lambda: ignored in process.output, 10.0, 'the old episode')
    later = EpisodeEvent('later', 'of a clock that was set back', 1)
    cell.episodes.publish(episode_to_msg(later, now().nanoseconds + 3600 * 10**9))
    ignored = "episode 'later' ignored: its stamp is"
    ros.wait_for(lambda: ignored in process.output, 10.0, 'the episode of the future')
    event = EpisodeEvent('e1', 'open the drawer', 11)
    cell.episodes.publish(episode_to_msg(event, now().nanoseconds))
    cell.reaches(SafetyStatus.ACTIVE)
    request = cell.requests[0]  # nothing was asked for the old one
    assert (request.episode_id, request.instruction, request.seed, request.request_id) == (
        'e1',
        'open the drawer',
        11,
        0,
    )
    end = EpisodeEvent('e1', 'open the drawer', 11, Outcome.SUCCESS)
    cell.episodes.publish(episode_to_msg(end, now().nanoseconds))
    cell.reaches(SafetyStatus.IDLE)
    assert "episode e1: 'open the drawer'" in process.output


def test_cameras_that_are_not_watched_are_said(node_process, wait_for):
    process = node_process('franka_controller')
    wait_for(lambda: 'no camera is watched' in process.output, START_TIMEOUT, 'the warning')
    assert process.interrupt() == 0


def test_lifecycle_by_a_manager(ros, cell, controller):
    process = controller('-p', 'autostart:=false')
    change = cell.node.create_client(ChangeState, 'franka_controller/change_state')
    get = cell.node.create_client(GetState, 'franka_controller/get_state')
    ros.wait_for(lambda: change.service_is_ready() and get.service_is_ready(), START_TIMEOUT)

    def go(transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        future = change.call_async(request)
        ros.wait_for(future.done, 20.0, 'the transition')
        return future.result().success

    def state() -> int:
        asked = []  # again each second: an answer is lost while the middleware joins both ends

        def answered():
            if not asked or time.monotonic() - asked[-1][0] > 1.0:
                asked.append((time.monotonic(), get.call_async(GetState.Request())))
            return next((f for _, f in asked if f.done()), None)

        return ros.wait_for(answered, 20.0, 'the state').result().current_state.id

    assert state() == State.PRIMARY_STATE_UNCONFIGURED
    assert cell.call('hold').message == 'the node is not active'
    assert go(Transition.TRANSITION_CONFIGURE)
    assert state() == State.PRIMARY_STATE_INACTIVE
    assert go(Transition.TRANSITION_ACTIVATE)
    cell.reaches(SafetyStatus.ACTIVE)
    ros.wait_for(cell.moves(), 10.0, 'motion')
    cell.statuses.clear()
    assert go(Transition.TRANSITION_DEACTIVATE)
    ros.wait_for(lambda: cell.statuses and cell.status.state == SafetyStatus.IDLE, 5.0, 'IDLE')
    (end,) = [e for e in cell.announced if e.event == Episode.END]
    assert (end.outcome, end.reason) == (
        Episode.OUTCOME_ABORTED,
        'the controller is deactivated',
    )
    assert end.steps > 0
    assert go(Transition.TRANSITION_CLEANUP)
    ros.wait_for(lambda: cell.status.state == SafetyStatus.DISCONNECTED, 5.0, 'DISCONNECTED')
    assert go(Transition.TRANSITION_CONFIGURE)  # and once more
    assert go(Transition.TRANSITION_ACTIVATE)
    cell.reaches(SafetyStatus.ACTIVE)
    assert process.interrupt() == 0


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('-p', 'robot:=ur5'), "unknown robot 'ur5'"),
        (('-p', 'robot:=nowhere.yaml'), 'nowhere.yaml: No such file'),
        (('-p', 'action_space:=tool'), "unknown action_space 'tool'"),
        (
            ('-p', 'driver:=franky', '-p', 'address:=127.0.0.1', '-p', 'connect_timeout:=0.5'),
            '127.0.0.1',
        ),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(node_process, arguments, words):
    process = node_process('franka_controller', *arguments)
    assert process.wait(START_TIMEOUT) == 2
    assert words in process.output
    assert 'Traceback' not in process.output
