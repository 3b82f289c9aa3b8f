# SPDX-License-Identifier: Apache-2.0
"""The fault table of docs/safety.md, row by row, on the arm of arithmetic.

The table is the source of the times and lines: a test reads its row, makes the fault happen, and
measures. `test_driver_faults.py` does the rows on drivers, `test/ros/test_faults.py` those that
need processes.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')

import cell_world
from cell_world import (
    CAMERA,
    FRAME,
    PERIOD,
    START,
    TICK,
    World,
    assert_resumes,
    assert_silent_from,
    seconds,
)
from fault_table import fault_rows

from frs_ros.robot.cell_state import CellState, NotNow
from frs_ros.robot.scripted import CommunicationLoss, Reflex, SlowState, StuckGripper, UserStop

HOLD_LIMIT = 2.5 * PERIOD  # s from an input being overdue
STOP_LIMIT = 1.0


def test_policy_server_killed(row):
    world = World()
    world.run(2.0)
    world.alive = False
    # when the executed part of the last chunk will be over
    player = world.controller._plans._player
    overdue = world.now + PERIOD * player.remaining(round(world.now * 1e9))
    world.run_to(CellState.HOLD, 1.0)
    seconds(world.now - overdue, row.hold)
    assert world.now - overdue <= HOLD_LIMIT + TICK
    assert row.says(world.status.reason)
    world.run_to(CellState.STOPPED, 1.0)
    seconds(world.now - overdue, row.stop)
    assert world.now - overdue <= STOP_LIMIT
    assert_silent_from(world, world.now)
    world.alive = True
    assert_resumes(world)


def test_camera_frozen(row):
    world = World()
    world.run(2.0)
    world.filming = False
    last = world._next_frame - FRAME
    world.run_to(CellState.HOLD, 1.0)
    seconds(world.now - last - FRAME, row.hold)  # when the next image was due
    assert row.says(world.status.reason)
    world.run_to(CellState.STOPPED, 1.0)
    seconds(world.now - last - FRAME, row.stop)
    assert world.now - last <= STOP_LIMIT
    assert_silent_from(world, world.now)
    world.filming = True
    world.run(0.1)
    assert_resumes(world)


def test_camera_that_repeats_a_image_is_frozen():
    world = World()
    world.run(1.0)
    world.filming, stamp = False, world.stamp()
    world.controller.on_image(CAMERA, stamp)
    for _ in range(30):
        world.controller.on_image(CAMERA, stamp)
        world.run(TICK)
    assert world.state is CellState.HOLD


def test_short_silence_ends_by_itself():
    world = World()
    world.run(2.0)
    world.filming = False
    world.run_to(CellState.HOLD, 1.0)
    world.filming = True
    world.run_to(CellState.ACTIVE, 0.5)
    assert (world.status.holds, world.status.stops) == (1, 0)


def test_nan_chunk(row):
    world = World()
    world.run(2.0)

    def poison(chunk):
        actions = chunk.actions.copy()
        actions[3, 2] = np.nan
        return replace(chunk, actions=actions)

    world.mangle = poison
    world.run_to(CellState.HOLD, 2.0)
    assert row.says(world.status.reason)
    held = world.now
    world.run_to(CellState.STOPPED, 1.0)
    assert world.now - held <= STOP_LIMIT - HOLD_LIMIT + TICK
    assert world.status.refused > 2
    assert_silent_from(world, world.now)
    world.mangle = lambda chunk: chunk
    assert_resumes(world)


def test_single_nan_chunk_is_bridged():
    world = World()
    world.run(2.0)
    world.mangle = lambda chunk: replace(chunk, actions=np.full((15, 8), np.inf))
    refused = world.status.refused
    world.run(2.0, until=lambda: world.status.refused > refused)
    world.mangle = lambda chunk: chunk
    world.run(2.0)
    assert world.status.stops == 0
    assert world.state is CellState.ACTIVE


def test_stale_chunk(row):
    world = World()
    world.run(2.0)
    world.latency = 1.3  # longer than a chunk
    world.run_to(CellState.STOPPED, 4.0)
    assert world.status.chunks > 0
    world.run(1.0)
    sent = len(world.driver.commanded)
    world.controller.resume()
    world.run(4.0)
    assert world.status.refused > 0
    assert row.says(world.status.refusal)
    assert len(world.driver.commanded) == sent  # nothing stale is executed
    world.latency = 0.1
    world.run_to(CellState.ACTIVE, 3.0)


def test_state_silent(row):
    world = World([SlowState(2.0, 2.6, period=0.6)])
    world.run(1.99)
    world.run_to(CellState.HOLD, 1.0)
    seconds(world.now - START - 2.0, row.hold)
    assert row.says(world.status.reason)
    world.run_to(CellState.ACTIVE, 1.0)  # by itself
    world = World([SlowState(2.0, 9.0, period=7.0)])
    world.run(1.99)
    world.run_to(CellState.STOPPED, 2.0)
    seconds(world.now - START - 2.0, row.stop)
    assert world.now - START - 2.0 <= STOP_LIMIT
    since = world.now
    world.run(3.0)
    assert world.commands_since(since) == 0


def test_communication_lost(row):
    world = World([CommunicationLoss(2.0, 5.0)])
    world.run(1.99)
    world.run_to(CellState.HOLD, 1.0)
    seconds(world.now - START - 2.0, row.hold)
    world.run_to(CellState.FAULT, 2.0)
    assert world.status.fault == 'communication'
    since = world.now
    with pytest.raises(NotNow, match='a fault is latched'):
        world.controller.resume()
    with pytest.raises(NotNow, match='not recovered: the robot is silent'):
        world.controller.recover()
    world.run(3.0)
    assert world.commands_since(since) == 0
    world.controller.recover()
    assert_silent_from(world, since)
    assert_resumes(world)


@pytest.mark.parametrize('state', [CellState.ACTIVE, CellState.HOLD, CellState.HOMING])
def test_reflex(row, state):
    world = World([Reflex(2.0, error='cartesian_reflex')], episode=state is not CellState.HOMING)
    world.run(1.9)
    if state is CellState.HOLD:
        world.filming = False
        world.run(0.1)
    if state is CellState.HOMING:
        world.controller._homing._joints = world.controller.arm.q + 0.4
        world.controller.home()
    world.run_to(CellState.FAULT, 1.0)
    seconds(world.now - START - 2.0, row.stop)
    assert row.says(world.status.reason)
    assert world.status.fault == 'reflex'
    since, world.filming = world.now, True
    with pytest.raises(NotNow, match='a fault is latched'):
        world.controller.resume()
    with pytest.raises(NotNow, match='a fault is latched'):
        world.controller.home()
    assert_silent_from(world, since)
    world.controller.recover()
    assert world.state is CellState.STOPPED
    with pytest.raises(NotNow, match='after a fault nothing moves before ~/resume'):
        world.controller.home()
    assert_silent_from(world, since)  # recovered is not resumed
    if state is not CellState.HOMING:
        assert_resumes(world)


def test_user_stop(row):
    world = World([UserStop(2.0, 4.0)])
    world.run_to(CellState.FAULT, 3.0)
    seconds(world.now - START - 2.0, row.stop)
    assert row.says(world.status.reason)
    since = world.now
    world.run(0.5)
    with pytest.raises(NotNow, match='not recovered: the stop button is pressed'):
        world.controller.recover()
    world.run(2.0)
    world.controller.recover()
    assert_silent_from(world, since)
    assert_resumes(world)


def test_second_commander_in_the_core():
    world = World()
    world.controller.on_commanders({'a': '/policy_server'})
    world.run(2.0)
    world.controller.on_commanders({'a': '/policy_server', 'b': '/intruder'})
    assert world.state is CellState.STOPPED
    assert '2 nodes publish chunks (/intruder, /policy_server)' in world.status.reason
    assert_silent_from(world, world.now)
    with pytest.raises(NotNow, match='/intruder'):
        world.controller.resume()
    world.controller.on_commanders({'a': '/policy_server'})
    assert_resumes(world)


@pytest.mark.parametrize('said', ['/policy_server', ''])  # '': not yet known whose it is
def test_successor_of_a_killed_policy_server_is_no_second_commander(monkeypatch, said):
    """The middleware knows the killed one for a while; an impatient cell stops within 1 s."""
    watchdog = replace(cell_world.CELL.watchdog, stop_after=0.3)
    monkeypatch.setattr(cell_world, 'CELL', replace(cell_world.CELL, watchdog=watchdog))
    world = World()
    world.controller.on_commanders({'a': '/policy_server'})
    world.run(2.0)
    world.alive = False
    world.run_to(CellState.STOPPED, 2.0)
    world.controller.on_commanders({'a': '/policy_server', 'b': said})
    world.alive = True
    assert_resumes(world)
    world.controller.on_commanders({'a': '/policy_server', 'b': '/policy_server'})
    world.run(1.0)
    assert world.state is CellState.ACTIVE


def test_gripper_stuck(row):
    world = World([StuckGripper(0.0)])
    world.act = lambda t: np.append(np.full(7, 0.05), 1.0)
    world.run(5.0)
    assert row.says(world.status.gripper)
    assert world.state is CellState.ACTIVE  # the arm goes on
    assert world.status.holds == 0


@pytest.mark.parametrize('jump', [3600.0, -3600.0, 0.2, -0.2])
def test_clock_jump(row, jump):
    world = World()
    world.run(2.0)
    asked = len(world.requests)
    world.run(1.0, until=lambda: len(world.requests) > asked)
    world.run(0.03)
    refused, sent = world.status.refused, len(world.driver.commanded)
    world.wall += jump
    world.run(1.0, until=lambda: world.status.refused > refused)
    assert row.says(world.status.refusal)
    world.run(2.0)
    assert world.status.refused == refused + 1  # the one that was being made
    assert world.status.stops == 0
    assert world.state is CellState.ACTIVE
    assert len(world.driver.commanded) > sent
    held = sum(TICK for t, s in world.trace if s is CellState.HOLD and t > START + 1.0)
    assert held <= 0.5


def test_every_row_is_tested_and_every_test_is_there(repository):
    rows = fault_rows(repository.root / 'docs' / 'safety.md')
    assert len(rows) >= 12
    text = ''.join(
        (repository.root / 'test' / name).read_text()
        for name in (
            'robot/test_cell_faults.py',
            'robot/test_driver_faults.py',
            'robot/test_foreign_chunks.py',
            'ros/test_faults.py',
        )
    )
    for row in rows:
        assert row.tests, row.fault
        for name in row.tests:
            assert re.search(rf'^def {name}\(', text, re.MULTILINE), name
        assert row.hold is None or row.hold <= HOLD_LIMIT + TICK
        assert row.stop is None or row.stop <= STOP_LIMIT
