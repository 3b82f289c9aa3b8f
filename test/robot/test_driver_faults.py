# SPDX-License-Identifier: Apache-2.0
"""Drivers that measure nonsense or raise what they must not: rows of the fault table, and more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')

import cell_world
from cell_world import TICK, World, assert_resumes, assert_silent_from, seconds

from frs_ros.robot.base import ControlMode
from frs_ros.robot.cell_state import CellState, NotNow
from frs_ros.robot.scripted import Reflex


def measures(world: World, **wrong: object) -> None:
    """From now on the driver gives these instead of what it measures."""
    read = type(world.driver).read
    world.driver.read = lambda: replace(read(world.driver), **wrong)


def is_true_again(world: World) -> None:
    del world.driver.read


@pytest.mark.parametrize('state', [CellState.ACTIVE, CellState.HOLD])
@pytest.mark.parametrize('mode', list(ControlMode))
def test_pushed_away(row, state, mode):
    world = World(mode=mode)
    world.run(2.0)
    if state is CellState.HOLD:
        world.filming = False
        world.run_to(CellState.HOLD, 1.0)
    pushed = world.now
    measures(world, q=world.controller.arm.q + 0.3)
    if mode is ControlMode.VELOCITY:  # keeps no position: it goes on from where it is
        world.run(0.05)
        assert world.state is state
        return
    world.run_to(CellState.STOPPED, 1.0)
    seconds(world.now - pushed, row.stop)
    assert row.says(world.status.reason)
    assert world.driver.stopped
    is_true_again(world)
    world.filming = True
    assert_silent_from(world, world.now)
    assert_resumes(world)


@pytest.mark.parametrize(
    ('state', 'name', 'value'),
    [
        (CellState.ACTIVE, 'q', np.nan),
        (CellState.ACTIVE, 'dq', np.inf),
        (CellState.ACTIVE, 'pose', np.nan),
        (CellState.HOLD, 'q', np.inf),
        (CellState.HOLD, 'pose', np.nan),
        (CellState.HOMING, 'q', np.nan),
        (CellState.HOMING, 'dq', np.nan),
    ],
)
def test_state_not_finite(row, state, name, value):
    world = World(episode=state is not CellState.HOMING)
    world.run(2.0)
    if state is CellState.HOLD:
        world.filming = False
        world.run_to(CellState.HOLD, 1.0)
    if state is CellState.HOMING:
        world.controller._homing._joints = world.controller.arm.q + 0.4
        world.controller.home()
        world.run(0.1)
    began = world.now
    good = getattr(world.controller.arm, name).copy()
    good.flat[3] = value
    measures(world, **{name: good})
    world.run_to(CellState.STOPPED, 1.0)
    seconds(world.now - began, row.stop)
    assert row.says(world.status.reason)
    world.filming = True
    assert_silent_from_bad_state(world)


def assert_silent_from_bad_state(world: World) -> None:
    """Resumed or not, nothing moves while the state is unusable; then all is well."""
    since = world.now
    world.run(0.5)
    world.controller.start_episode('e', '', 1)
    world.controller.resume()
    asked = len(world.requests)
    world.run(2.0)
    assert (world.commands_since(since), len(world.requests)) == (0, asked)
    assert world.status.reason.startswith("the robot's state is unusable")
    is_true_again(world)
    world.run_to(CellState.ACTIVE, 1.0)


def test_recovery_is_refused_while_the_state_is_unusable():
    world = World([Reflex(2.0)])
    world.run_to(CellState.FAULT, 3.0)
    measures(world, dq=np.full(7, np.nan))
    world.run(TICK)
    with pytest.raises(NotNow, match=r"the robot's state is unusable: dq\[0\] is nan"):
        world.controller.recover()
    is_true_again(world)
    world.run(0.5)
    world.controller.recover()
    assert_resumes(world)


@pytest.mark.parametrize(
    ('call', 'error'),
    [
        ('read', TypeError('a bug')),
        ('start', OSError(5, 'gone')),
        ('command', KeyError('k')),
        ('gripper', ValueError('a value')),
        ('fault', AssertionError()),
    ],
)
def test_driver_raises(row, call, error):
    world = World()

    def fail(*_):
        raise error

    if call in ('read', 'command', 'fault'):
        world.run(2.0)
    else:
        world.run(0.02)
    if call == 'fault':
        world.driver.__class__ = type(
            'Broken', (cell_world.SpiedDriver,), {'fault': property(fail)}
        )
    else:
        setattr(world.driver, call, fail)
    world.run_to(CellState.FAULT, 1.0)
    assert row.says(world.status.reason)
    assert type(error).__name__ in world.status.reason
    assert world.status.fault == 'program'
    assert world.reports == [error] or set(world.reports) == {error}
    world.run(0.5)
    if call == 'fault':
        world.driver.__class__ = cell_world.SpiedDriver
    else:
        delattr(world.driver, call)
    world.run(0.5)
    world.controller.recover()
    assert_resumes(world)


def test_a_stop_that_fails_is_a_fault_and_is_tried_again():
    world = World()
    world.run(2.0)
    tried = []

    def fail():
        tried.append(world.now)
        raise RuntimeError('cannot')

    world.driver.stop = fail
    world.controller.stop()
    world.run(0.1)
    assert len(tried) > 3
    assert (world.state, world.status.fault) == (CellState.FAULT, 'program')
    del world.driver.stop
    world.run(1.0)
    assert world.resting
    assert len(world.driver.stopped) == 1
    world.controller.recover()
    assert_resumes(world)


def test_error_of_the_program_stops_the_arm_and_needs_recovery():
    world = World()
    world.run(2.0)
    world.controller.crashed(TypeError('a bug'))
    since = world.now
    assert (world.state, world.status.fault) == (CellState.FAULT, 'program')
    assert 'error of the program in the controller: TypeError: a bug' in world.status.reason
    world.controller.crashed(ValueError('another'))  # the first one stays
    assert 'TypeError' in world.status.reason
    assert_silent_from(world, since)
    world.controller.recover()
    assert_resumes(world)


# ---- control begins at rest, the gripper is given its time -----------------------------------


def starts_of(world: World) -> list[float]:
    """From now on notes how fast the arm is when control begins, rad/s."""
    speeds: list[float] = []
    start = world.driver.start

    def noted(mode) -> None:
        speeds.append(float(np.abs(world.driver.read().dq).max()))
        start(mode)

    world.driver.start = noted
    return speeds


@pytest.mark.parametrize('what', ['episode', 'resume', 'home'])
@pytest.mark.parametrize('mode', list(ControlMode))
def test_control_begins_only_once_the_arm_is_at_rest(what, mode):
    world = World(mode=mode)
    world.act = lambda t: np.append(np.full(7, 0.4), 0.0)
    world.run(1.5)
    speeds = starts_of(world)
    assert np.abs(world.driver.read().dq).max() > 0.15
    if what == 'episode':
        world.controller.start_episode('f', 'do it', 7)
    else:
        world.controller.stop()
        getattr(world.controller, what)()
    world.run(2.0, until=lambda: speeds)
    assert max(speeds) <= 0.06
    assert world.driver.fault is None


def test_homing_of_an_arm_that_never_rests_is_given_up():
    world = World(episode=False)
    measures(world, dq=np.full(7, 0.1))
    world.controller._homing._timeout = 1.0
    world.controller.home()
    world.run_to(CellState.STOPPED, 1.5)
    assert not world.driver.commanded
    assert 'homing: not there after 1 s' in world.status.reason


def test_gripper_interval_holds_across_episodes_and_resume():
    world = World()
    for n in range(12):
        world.act = lambda t, closed=n % 2: np.append(np.zeros(7), float(closed))
        world.controller.start_episode(f'e{n}', 'do it', 7)
        world.run(0.14)
        if n % 3 == 0 and world.state is CellState.ACTIVE:
            world.controller.stop()
            world.controller.resume()
    times = np.array([t for t, _ in world.driver.grasps])
    assert len(times) > 2
    assert np.diff(times).min() >= cell_world.CELL.gripper.interval - 1e-9
    world.run(1.0)
    assert world.driver.grasps[-1][1]  # the latest one comes in the end
