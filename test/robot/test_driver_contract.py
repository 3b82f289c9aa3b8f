# SPDX-License-Identifier: Apache-2.0
"""What every robot driver does: see `frs_ros.robot.base.RobotDriver`."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from driver_rigs import joint, reference, velocity

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.robot.base import ControlMode, FaultKind, JointCommand, RobotError, RobotMode

SPEED = 0.1  # rad/s


def test_nothing_works_before_connect_and_after_close(unconnected):
    driver = unconnected.driver
    driver.stop()  # but this is never wrong
    driver.close()
    for call in (driver.read, driver.recover, lambda: driver.start(ControlMode.IMPEDANCE)):
        with pytest.raises(RobotError, match='not connected'):
            call()
    assert driver.fault is None


def test_close_is_idempotent_and_connect_works_again(rig):
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.driver.close()
    rig.driver.close()
    with pytest.raises(RobotError, match='not connected'):
        rig.driver.command(reference(FR3.home))
    rig.driver.connect(5.0)
    rig.driver.start(ControlMode.IMPEDANCE)
    assert rig.driver.fault is None


def test_limits_are_not_above_those_of_the_model(rig):
    info = rig.driver.connect(5.0)  # connected already: says it again
    assert info.model == 'fr3'
    assert (info.limits.low >= FR3.limits.low).all()
    assert (info.limits.high <= FR3.limits.high).all()
    for name in ('velocity', 'acceleration', 'jerk'):
        limit = getattr(info.limits, name)
        assert (limit > 0).all()
        assert (limit <= getattr(FR3.limits, name)).all()


def test_state_is_whole_and_its_time_goes_on(rig):
    first = rig.driver.read()
    rig.until(lambda: rig.driver.read().time > first.time + 0.1, 1.0, 'time')
    state = rig.driver.read()
    assert state.read_at > first.read_at
    assert state.mode is RobotMode.IDLE
    assert state.errors == ()
    for name, shape in (('q', (7,)), ('dq', (7,)), ('pose', (4, 4)), ('wrench_external', (6,))):
        value = getattr(state, name)
        assert value.shape == shape
        assert np.isfinite(value).all()


def test_pose_is_that_of_our_kinematics(rig):
    state = rig.driver.read()
    expected = PinocchioKinematics.of_model(FR3).pose(state.q)
    np.testing.assert_allclose(state.pose, expected, atol=1e-3)


def test_impedance_follows_and_holds(rig):
    rig.driver.start(ControlMode.IMPEDANCE)
    begin = rig.driver.read().q
    rig.follow(lambda t: reference(begin, offset=SPEED * t), 0.5)
    held = rig.driver.read()
    assert held.mode is RobotMode.MOVE
    assert held.q[3] - begin[3] > 0.2 * SPEED * 0.5
    rig.until(rig.resting, 2.0, 'rest at the last reference')
    time = rig.driver.read().time
    rig.until(lambda: rig.driver.read().time > time + 0.2, 1.0, 'time')
    assert rig.driver.read().mode is RobotMode.MOVE  # still held, not let go
    assert rig.driver.fault is None


def test_velocity_stops_by_itself_when_not_refreshed(rig):
    rig.driver.start(ControlMode.VELOCITY)
    state = rig.follow(lambda t: velocity(-min(SPEED, t)), 0.4)
    assert state.dq[3] == pytest.approx(-SPEED, rel=0.2)
    rig.until(rig.resting, 0.5, 'rest after the dead-man')
    assert rig.driver.fault is None
    state = rig.follow(lambda t: velocity(min(SPEED, t)), 0.3)  # it goes on, without a new start
    assert state.dq[3] == pytest.approx(SPEED, rel=0.2)


@pytest.mark.parametrize('mode', ControlMode)
@pytest.mark.parametrize(
    'bad', [np.full(7, np.nan), joint(2, np.inf), np.zeros(6), np.zeros((1, 7)), ['a'] * 7, None]
)
def test_bad_numbers_never_get_to_the_robot(rig, mode, bad):
    rig.driver.start(mode)
    q = rig.driver.read().q
    for command in (JointCommand(bad, np.zeros(7)), JointCommand(q, bad)):
        with pytest.raises(ValueError, match='reference'):
            rig.driver.command(command)
    rig.driver.command(reference(q))
    assert rig.driver.fault is None
    if hasattr(rig, 'franky'):
        assert rig.franky.arm.bad_numbers == 0


@pytest.mark.parametrize('mode', ControlMode)
def test_stop_from_any_thread_and_again(rig, mode):
    rig.driver.start(mode)
    q = rig.driver.read().q
    rig.follow(lambda t: JointCommand(q + joint(3, SPEED * t), joint(3, min(SPEED, t))), 0.2)
    threads = [threading.Thread(target=rig.driver.stop) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2.0)
        assert not thread.is_alive()
    rig.until(rig.resting, 1.0, 'rest')
    rig.driver.stop()
    assert rig.driver.fault is None
    with pytest.raises(RobotError, match='not been started'):
        rig.driver.command(reference(rig.driver.read().q))
    assert rig.driver.fault is None


def test_modes_can_be_switched_while_moving(rig):
    rig.driver.start(ControlMode.VELOCITY)
    rig.follow(lambda t: velocity(min(SPEED, t)), 0.2)
    rig.driver.start(ControlMode.IMPEDANCE)
    begin = rig.driver.read().q
    rig.follow(lambda t: reference(begin, offset=-SPEED * t), 0.2)
    rig.driver.start(ControlMode.VELOCITY)
    state = rig.follow(lambda t: velocity(-min(SPEED, t)), 0.2)
    assert state.dq[3] == pytest.approx(-SPEED, rel=0.3)
    assert rig.driver.fault is None


def test_gripper_goes_where_the_latest_wish_was_and_delays_nothing(rig):
    rig.driver.start(ControlMode.IMPEDANCE)
    q = rig.driver.read().q
    slowest = 0.0
    for i in range(21):
        rig.driver.gripper(i % 2 == 0)
        begin = time.perf_counter()
        rig.driver.command(reference(q))
        slowest = max(slowest, time.perf_counter() - begin)
        rig.pause(0.01)
    assert slowest < 0.05
    rig.until(lambda: rig.driver.read().gripper_width < 0.01, 5.0, 'closed')
    assert rig.driver.read().gripper_line == ''
    rig.driver.gripper(False)
    rig.until(lambda: rig.driver.read().gripper_width > 0.07, 5.0, 'open')
    assert rig.driver.fault is None


def test_recover_does_nothing_when_nothing_is_wrong(rig):
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.driver.recover()
    rig.driver.command(reference(rig.driver.read().q))
    assert rig.driver.fault is None


def refuses_everything(driver, match):
    for call in (
        lambda: driver.command(reference(FR3.home)),
        lambda: driver.start(ControlMode.IMPEDANCE),
        lambda: driver.gripper(True),
    ):
        with pytest.raises(RobotError, match=match):
            call()


@pytest.mark.parametrize('mode', ControlMode)
def test_reflex_is_sticky_until_recovered_from(rig, mode):
    if not rig.reflexes:
        pytest.skip('this robot cannot be made to')
    rig.driver.start(mode)
    rig.reflex()
    rig.until(lambda: rig.driver.fault, 0.5, 'the fault')
    first = rig.driver.fault
    assert first.kind is FaultKind.REFLEX
    assert first.errors == ('cartesian_reflex',)
    rig.until(lambda: rig.driver.read().mode is RobotMode.REFLEX, 0.5, 'the mode')
    refuses_everything(rig.driver, 'cartesian_reflex')
    rig.driver.stop()
    assert rig.driver.fault is first
    rig.driver.recover()
    assert rig.driver.fault is None
    with pytest.raises(RobotError, match='not been started'):
        rig.driver.command(reference(rig.driver.read().q))
    rig.driver.start(mode)
    rig.driver.command(reference(rig.driver.read().q))
    rig.pause(0.1)
    assert rig.driver.read().errors == ()
    assert rig.driver.fault is None


def test_recover_fails_while_the_stop_button_is_pressed(rig):
    if not rig.reflexes:
        pytest.skip('this robot cannot be made to')
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.user_stop(True)
    rig.until(lambda: rig.driver.fault, 0.5, 'the fault')
    assert rig.driver.fault.kind is FaultKind.USER_STOP
    refuses_everything(rig.driver, 'stop button')
    with pytest.raises(RobotError, match='stop button'):
        rig.driver.recover()
    rig.user_stop(False)
    rig.pause(0.1)
    rig.driver.read()
    assert rig.driver.fault.kind is FaultKind.USER_STOP
    rig.driver.recover()
    rig.driver.start(ControlMode.IMPEDANCE)
    assert rig.driver.fault is None


@pytest.mark.parametrize('mode', [None, *ControlMode])
def test_silence_shows_in_the_state_and_then_is_a_fault(rig, mode):
    if not rig.losable:
        pytest.skip('this robot cannot be made to')
    if mode is not None:
        rig.driver.start(mode)
    rig.pause(0.1)
    rig.lose()
    try:
        rig.pause(0.3)
        last = rig.driver.read()
        rig.pause(0.2)
        assert rig.driver.read().read_at == last.read_at  # which is how it shows, before
        assert rig.driver.fault is None
        for _ in range(2000):  # libfranka gives up after 1 s of its own, later on a loaded machine
            if rig.driver.fault:
                break
            rig.pause(0.01)
            rig.driver.read()
        assert rig.driver.fault is not None
        assert rig.driver.fault.kind is FaultKind.COMMUNICATION
        refuses_everything(rig.driver, 'silent')
        begin = time.monotonic()
        rig.driver.stop()
        assert time.monotonic() - begin < 1.5
    finally:
        rig.restore()
    assert rig.driver.fault.kind is FaultKind.COMMUNICATION
    rig.driver.recover()
    rig.driver.start(ControlMode.IMPEDANCE)
    first = rig.driver.read().time
    rig.until(lambda: rig.driver.read().time > first, 1.0, 'time')
    assert rig.driver.fault is None


def test_recover_fails_while_the_robot_is_silent(rig, kind):
    if kind in ('simulated', 'real'):
        pytest.skip('cannot be made to, or see test_server_killed')
    rig.lose()
    for _ in range(200):
        rig.pause(0.01)
        rig.driver.read()
    with pytest.raises(RobotError):
        rig.driver.recover()
    assert rig.driver.fault.kind is FaultKind.COMMUNICATION
    rig.restore()
    rig.driver.recover()
    assert rig.driver.fault is None


def test_second_client_is_told_in_time(rig, kind):
    if kind not in ('fake', 'simulated'):
        pytest.skip('has no server that others could connect to')
    begin = time.monotonic()
    with pytest.raises(RobotError, match='another FCI client') as caught:
        rig.second().connect(0.5)
    assert time.monotonic() - begin < 2.0
    assert caught.value.fault.kind is FaultKind.CONNECTION
    rig.driver.start(ControlMode.IMPEDANCE)  # the first one does not care
    assert rig.driver.fault is None


EXIT = """
import sys, time
from types import SimpleNamespace
from driver_rigs import SimulatedRig
from frs_ros.robot.base import ControlMode
driver = SimulatedRig(SimpleNamespace(host=sys.argv[1])).driver
driver.connect(5.0)
driver.gripper(True)
driver.start(ControlMode.IMPEDANCE)
time.sleep(0.1)
"""


def test_process_may_exit_without_close(unconnected, kind):
    """A thread that comes out of the library while the interpreter shuts down would abort it."""
    if kind != 'simulated':
        pytest.skip('is about the library itself')
    done = subprocess.run(
        [sys.executable, '-c', EXIT, unconnected.host],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, '')


def test_server_killed(rig, kind, request):
    if kind != 'simulated':
        pytest.skip('has no server of its own')
    process = request.getfixturevalue('simulated_arm')
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.pause(0.1)
    process.kill()
    begin = time.monotonic()
    while rig.driver.fault is None and time.monotonic() - begin < 5.0:
        rig.pause(0.01)
    assert time.monotonic() - begin < 2.0
    assert rig.driver.fault.kind is FaultKind.COMMUNICATION
    refuses_everything(rig.driver, 'silent')
    with pytest.raises(RobotError, match='cannot connect'):
        rig.driver.recover()
    process.start()
    rig.driver.recover()
    rig.driver.start(ControlMode.IMPEDANCE)
    assert rig.driver.fault is None
