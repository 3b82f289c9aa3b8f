# SPDX-License-Identifier: Apache-2.0
"""The controller on the arm of arithmetic: episodes, seams, gripper, homing, operator, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from cell_world import CELL, EXECUTE, HZ, KINEMATICS, PERIOD, START, TICK, World, sway

from frs_ros.robot.base import ControlMode
from frs_ros.robot.cell_state import CellState, NotNow
from frs_ros.robot.requests import RETRY
from frs_ros.robot.scripted import Push
from frs_ros.safety.smoothing import TOOL_LEVER, deviation
from frs_ros.types import (
    ACTION_SPACES,
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
)

# ---- episodes and chunks ---------------------------------------------------------------------


@pytest.mark.parametrize('mode', list(ControlMode))
def test_runs_on_chunks_without_a_gap(mode):
    world = World(mode=mode)
    world.run_to(CellState.ACTIVE, 0.5)
    world.run(6.0)
    status = world.status
    assert (status.state, status.holds, status.refused, status.fault) == (
        CellState.ACTIVE,
        0,
        0,
        '',
    )
    assert status.chunks >= 6.0 / (EXECUTE * PERIOD) - 1
    assert status.commands == len(world.driver.commanded)
    assert world.driver.fastest > 0.1  # it did move
    assert world.driver.fastest <= CELL.speeds.joint_speed + 1e-9


ACTIONS = {  # time -> an action that moves the arm to and fro
    CARTESIAN_DELTA: lambda t: np.array([0.0, 0.3 * np.sin(2 * t), 0, 0, 0, 0.1, -1]),
    JOINT_DELTA: sway,
    JOINT_POSITION: lambda t: np.append(CELL.home.joints + 0.2 * np.sin(t), 0.0),
    JOINT_VELOCITY: lambda t: np.append(np.full(7, 0.2 * np.sin(2 * t)), 0.0),
}


@pytest.mark.parametrize('mode', list(ControlMode))
@pytest.mark.parametrize('space', ACTION_SPACES)
def test_every_action_space_moves_the_arm_within_its_limits(space, mode):
    world = World(space=space, mode=mode)
    world.act = ACTIONS[space]
    world.run(4.0)
    assert (world.state, world.status.holds, world.status.fault) == (CellState.ACTIVE, 0, '')
    assert 0.05 < world.driver.fastest <= CELL.speeds.joint_speed + 1e-9


def test_nothing_is_sent_before_the_first_chunk():
    world = World()
    world.alive = False
    world.run(3.0)
    assert world.state is CellState.HOLD  # waits for as long as it takes: nothing moves yet
    assert world.status.reason == 'waits for a chunk from the policy server'
    assert not world.driver.commanded
    assert len(world.requests) == 3  # one per second
    world.alive = True
    world.run_to(CellState.ACTIVE, 1.5)


def test_first_command_goes_out_when_the_chunk_arrives_not_at_the_next_tick():
    world = World()
    world.latency = 0.1034  # between two ticks
    world.run(0.2)
    assert world.driver.commanded[0] == pytest.approx(START + TICK + 0.1034)
    assert world.status.chunk_to_command == 0.0


def test_next_chunk_is_asked_for_early_enough_to_hide_inference():
    world = World()
    world.latency = 0.3
    world.run(5.0)
    assert world.status.holds == 0
    assert world.status.state is CellState.ACTIVE


def test_policy_slower_than_its_chunk_is_held_between_chunks():
    world = World()
    world.latency = 0.85  # 13 of 15 rows
    world.run(6.0)
    assert world.status.holds > 2
    assert world.status.stops == 0
    assert world.status.chunks > 4


def test_only_one_request_is_out_at_a_time():
    world = World()
    world.latency = 0.35
    open_requests = []
    original = world.controller._ask_out

    def ask(request):
        open_requests.append(request.request_id - world.status.request_id)
        original(request)

    world.controller._ask_out = ask
    world.run(5.0)
    assert max(open_requests) == 1


def test_seam_does_not_jump():
    """A chunk that wants something else takes over within the envelope's acceleration."""
    world = World()
    flip = {'sign': 1.0}
    world.act = lambda t: np.append(np.full(7, 0.3 * flip['sign']), 0.0)
    velocities = []
    command = world.driver.command

    def spied(c):
        velocities.append(c.dq.copy())
        command(c)

    world.driver.command = spied
    world.run(1.0)
    flip['sign'] = -1.0
    world.run(1.5)
    steps = np.abs(np.diff(velocities, axis=0))
    assert steps.max() <= CELL.speeds.acceleration * 0.03 + 1e-9
    assert np.sign(velocities[10][0]) != np.sign(velocities[-1][0])


def test_target_is_computed_once_per_row():
    world = World()
    world.run(1.0)
    rows = (world.now - world.requests[0].stamp_ns * 1e-9 + world.wall) * HZ
    assert world.controller.episode == ('e', pytest.approx(rows, abs=3))


def test_episode_ends_at_rest_and_the_next_one_begins_anew():
    world = World()
    world.run(1.0)
    world.controller.end_episode()
    assert world.state is CellState.IDLE
    sent = len(world.driver.commanded)
    world.run(1.0)
    assert len(world.driver.commanded) == sent
    assert world.resting
    world.controller.start_episode('f', '', 1)
    world.run_to(CellState.ACTIVE, 0.5)
    assert (world.requests[-1].episode_id, world.requests[-1].request_id) == ('f', 0)


# ---- chunks that are refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'space': JOINT_POSITION}, "is in action space 'joint_position'"),
        ({'control_hz': 20.0}, 'is for 20 Hz'),
        ({'episode_id': 'old'}, "is of episode 'old'"),
        ({'request_id': 77}, 'not the answer to a request'),
        ({'actions': np.zeros((15, 7))}, r'shape \[15, 7\]'),
        ({'actions': np.zeros((0, 8))}, 'is empty'),
        ({'execute_steps': 0}, 'execute_steps is 0'),
        ({'stamp_ns': 5}, 'not the answer to a request'),
    ],
)
def test_wrong_chunks_are_refused_and_asked_for_again(changes, words):
    import re

    world = World()
    world.mangle = lambda chunk: replace(chunk, **changes)
    world.run(0.15)
    assert world.status.refused == 1
    assert re.search(words, world.status.refusal)
    assert not world.driver.commanded
    world.mangle = lambda chunk: chunk
    world.run_to(CellState.ACTIVE, 1.2 if 'not the answer' in words else RETRY + 0.15)
    assert world.status.refusal == ''


def test_chunk_outside_an_episode_is_refused():
    world = World(episode=False)
    world.run(0.1)
    world.controller.start_episode('e', '', 1)
    world.run(0.02)
    chunk = world.answer(world.requests[0])
    world.controller.end_episode()
    world.deliver(chunk)
    assert 'the controller is IDLE' in world.status.refusal
    assert not world.driver.commanded


# ---- gripper, homing, contact ----------------------------------------------------------------


def test_gripper_is_told_changes_only_and_not_too_often():
    world = World()
    world.act = lambda t: np.append(np.zeros(7), float(round(t * HZ) % 2))  # flickers
    world.run(3.0)
    times = np.array([t for t, _ in world.driver.grasps])
    assert len(times) > 3
    assert np.diff(times).min() >= CELL.gripper.interval - 1e-9
    wishes = [closed for _, closed in world.driver.grasps]
    assert wishes[1:] == [not wish for wish in wishes[:-1]]


@pytest.mark.parametrize('closed', [False, True])
def test_first_gripper_wish_is_passed_on_whatever_the_width_says(closed):
    """A hand that holds something wide looks open, and one ajar looks closed."""
    world = World()
    world.act = lambda t: np.append(np.zeros(7), float(closed))
    world.run(1.0)
    assert [wish for _, wish in world.driver.grasps] == [closed]
    world.controller.stop()
    world.controller.resume()  # somebody may have moved the fingers
    world.run(1.0)
    assert [wish for _, wish in world.driver.grasps] == [closed, closed]


@pytest.mark.parametrize('mode', list(ControlMode))
def test_homing_goes_through_the_envelope(mode):
    start = CELL.home.joints + np.array([0.5, 0.2, -0.3, 0.3, 0.4, 0.3, -0.5])
    world = World(start=start, episode=False, mode=mode)
    world.controller.home()
    world.run(0.05)
    assert world.state is CellState.HOMING
    world.run_to(CellState.IDLE, 20.0)
    assert np.abs(world.controller.arm.q - CELL.home.joints).max() < 0.06
    assert world.driver.fastest <= CELL.speeds.joint_speed + 1e-9
    assert world.driver.fault is None


def test_homing_that_is_blocked_gives_up_with_a_reason():
    start = CELL.home.joints.copy()
    start[0] += 0.5
    world = World(start=start, episode=False)
    world.controller._homing._timeout = 1.0
    world.controller._homing._motion._envelope = _Stuck(world.controller._motion._envelope)
    world.controller.home()
    world.run_to(CellState.STOPPED, 2.0)
    assert 'homing: not there after 1 s: joint 1 is 0.50 rad off' in world.status.reason


class _Stuck:
    """An envelope whose limits are all in the way."""

    def __init__(self, envelope) -> None:
        self._envelope = envelope

    def __getattr__(self, name):
        return getattr(self._envelope, name)

    def step(self, reference, target, measured, dt):
        return self._envelope.brake(reference, measured, dt)


def test_homing_is_refused_while_it_moves_and_stopped_by_hold():
    world = World()
    world.run(0.5)
    with pytest.raises(NotNow, match='cannot home: the controller is ACTIVE'):
        world.controller.home()
    world.controller.stop()
    world.run(0.3)
    world.controller.home()
    world.run(0.02)
    world.controller.stop('stopped by the operator')
    assert world.state is CellState.STOPPED


def test_contact_stops_softly_before_the_robots_own_reflex():
    world = World([Push(1.0, 1.5, force=(0.0, 0.0, 26.0))])
    world.run_to(CellState.STOPPED, 1.2)
    assert world.now - START == pytest.approx(1.0, abs=3 * TICK)
    assert world.status.reason == 'contact: 26.0 N on the tool, more than 24 N'
    assert world.driver.fault is None
    world.run(0.6)
    world.controller.resume()
    world.run_to(CellState.ACTIVE, 0.5)


# ---- the operator ----------------------------------------------------------------------------


def test_hold_by_the_operator_needs_resume_and_a_fresh_chunk():
    world = World()
    world.run(1.0)
    late = world.answer(world.requests[-1])
    world.controller.stop()
    sent, asked = len(world.driver.commanded), len(world.requests)
    world.run(2.0)
    assert (world.state, world.status.reason) == (CellState.STOPPED, 'stopped by the operator')
    assert world.resting
    world.deliver(late)  # planned before the stop
    assert len(world.driver.commanded) == sent
    assert len(world.requests) == asked
    world.controller.resume()
    world.deliver(late)
    assert len(world.driver.commanded) == sent, 'planned before the resume'
    world.run_to(CellState.ACTIVE, 0.5)
    assert world.requests[asked].stamp_ns > late.stamp_ns
    assert world.driver.commanded[sent] > world.requests[asked].stamp_ns * 1e-9 - world.wall


@pytest.mark.parametrize(
    ('request_', 'words'),
    [
        ('resume', 'nothing to resume: the controller is ACTIVE'),
        ('recover', 'no fault is latched: the controller is ACTIVE'),
        ('home', 'call ~/hold first'),
    ],
)
def test_requests_that_make_no_sense_say_so(request_, words):
    world = World()
    world.run(0.5)
    with pytest.raises(NotNow, match=words):
        getattr(world.controller, request_)()
    assert world.state is CellState.ACTIVE


def test_nothing_to_stop_when_idle():
    with pytest.raises(NotNow, match='nothing to stop: the controller is IDLE'):
        World(episode=False).controller.stop()


def test_close_stops_and_stays_closed():
    world = World()
    world.run(1.0)
    world.controller.close()
    world.controller.close()
    assert world.driver.stopped
    assert world.state is CellState.DISCONNECTED
    with pytest.raises(NotNow, match='not connected'):
        world.controller.start_episode('x', '', 0)


def test_action_that_cannot_be_executed_holds():
    world = World()
    world.run(0.5)

    def refuse(*_):
        raise ValueError('action must be 8 finite numbers')

    world.controller._motion._executor.target = refuse
    world.run_to(CellState.HOLD, 0.2)
    assert 'action must be 8 finite numbers' in world.status.reason


def test_late_ticks_make_no_leap():
    """The loop stood still for a while: the reference does not catch up."""
    world = World()
    world.act = lambda t: sway(0.0)
    world.run(1.0)
    before = world.controller._motion.reference.q.copy()
    world.now += 0.3
    world.controller.on_image('wrist', world.stamp())
    world.controller.tick()
    leap = np.abs(world.controller._motion.reference.q - before).max()
    assert leap <= CELL.speeds.joint_speed * 0.03 + 1e-9
    assert world.driver.fault is None


def test_driver_that_averages_references_is_kept_clearer_by_what_that_may_be_off():
    room = []
    for smoothing in (0.0, 0.2):
        world = World(smoothing=smoothing)
        world.act = lambda t: np.eye(8)[0] * 0.5  # turns the arm to the side of the box
        world.run(8.0)
        reference = world.controller._motion.reference.q
        room.append(CELL.envelope.box.high[1] - KINEMATICS.pose(reference)[1, 3])
        assert 'workspace' in world.status.clipped_by
    off = TOOL_LEVER @ deviation(np.full(7, CELL.envelope.acceleration), 0.2)
    assert off > 0.02
    assert room[1] - room[0] == pytest.approx(off, abs=0.002)
