# SPDX-License-Identifier: Apache-2.0
"""What the Franka driver does beyond the contract: guard, lost control, gripper, gains."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from frs_ros.robot.base import ControlMode, FaultKind, RobotError, RobotMode
from frs_ros.robot.franky import motions
from frs_ros.robot.franky.gripper import LATE, GripperWorker

franky = pytest.importorskip('franky')
from driver_rigs import FakeRig, reference, velocity  # noqa: E402


@pytest.fixture
def rig():
    rig = FakeRig()
    rig.driver.connect(5.0)
    yield rig
    rig.close()


def moving(rig):
    return lambda: rig.driver.read().mode is RobotMode.MOVE


def test_gains_are_those_of_droid(rig):
    rig.driver.start(ControlMode.IMPEDANCE)
    motion = rig.franky.arm.motion
    np.testing.assert_array_equal(motion.gains['stiffness'], [40, 30, 50, 25, 35, 25, 10])
    np.testing.assert_array_equal(motion.gains['cartesian_damping'], [37, 37, 37, 2, 2, 2])
    state = rig.driver.read()
    rig.driver.command(reference(state.q, offset=0.05))
    np.testing.assert_array_equal(motion.reference.dq, np.zeros(7))
    assert motion.reference.q[3] == pytest.approx(state.q[3] + 0.05)


@pytest.mark.parametrize(
    ('mode', 'command', 'text'),
    [
        (ControlMode.VELOCITY, velocity(-2.2, index=1), r'joint 2 would move at -2\.20 rad/s'),
        (ControlMode.IMPEDANCE, reference(np.zeros(7)), r'joint 2 would be pulled .* rad away'),
    ],
)
def test_what_would_cost_the_control_is_not_sent(rig, mode, command, text, wait_for):
    rig.driver.start(mode)
    wait_for(moving(rig), what='the motion')
    with pytest.raises(RobotError, match=text):
        rig.driver.command(command)
    assert rig.driver.fault.kind is FaultKind.REFUSED
    assert rig.franky.arm.motion_error is None
    wait_for(lambda: rig.driver.read().mode is RobotMode.IDLE, what='the end of the motion')
    rig.driver.recover()
    rig.driver.start(mode)


@pytest.mark.parametrize(
    'error', [None, franky.ControlException('libfranka: Move command preempted!')]
)
def test_motion_that_ends_by_itself_is_lost_control(rig, error, wait_for):
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.franky.arm.end_motion(error)
    wait_for(lambda: rig.driver.fault, what='the fault')
    assert rig.driver.fault.kind is FaultKind.LOST_CONTROL


def test_refused_motion_is_a_fault(rig, wait_for):
    """The robot accepts the call and raises later."""
    rig.driver.start(ControlMode.VELOCITY)
    rig.franky.arm.end_motion(RuntimeError('Motion planner failed with error code -100'))
    wait_for(lambda: rig.driver.fault, what='the fault')
    assert rig.driver.fault.kind is FaultKind.REFUSED
    rig.driver.recover()
    rig.driver.start(ControlMode.VELOCITY)


def test_stop_that_does_not_end_is_cut_off(rig, wait_for, monkeypatch):
    def endless(module, mode):
        motion = module.JointVelocityMotion(np.zeros(7), franky.Duration(60_000))
        motion.kind = 'torque'
        return motion

    monkeypatch.setattr(motions, 'stop', endless)
    rig.driver.start(ControlMode.IMPEDANCE)
    wait_for(moving(rig), what='the motion')
    begin = time.monotonic()
    rig.driver.stop()
    assert time.monotonic() - begin < 0.5
    assert rig.franky.arm.motion is not None
    wait_for(lambda: rig.driver.read().mode is RobotMode.IDLE, what='the end of the motion')
    assert rig.driver.fault is None


def test_error_that_stays_keeps_the_fault(rig, wait_for):
    rig.franky.arm.recoverable = False
    rig.driver.start(ControlMode.IMPEDANCE)
    rig.reflex()
    wait_for(lambda: rig.driver.fault, what='the fault')
    with pytest.raises(RobotError, match='cartesian_reflex'):
        rig.driver.recover()
    assert rig.driver.fault.kind is FaultKind.REFLEX
    rig.franky.arm.recoverable = True
    rig.driver.recover()
    assert rig.driver.fault is None


def test_gripper_that_fails_is_a_line_until_the_next_wish(rig, wait_for):
    rig.franky.arm.gripper_error = franky.CommandException('libfranka gripper: Command failed!')
    rig.driver.gripper(True)
    wait_for(lambda: rig.driver.read().gripper_line, what='the line')
    assert 'did not close: Command failed' in rig.driver.read().gripper_line
    assert rig.driver.fault is None
    rig.franky.arm.gripper_error = None
    rig.driver.gripper(True)  # the same one: it is tried again
    wait_for(lambda: not rig.driver.read().gripper_line, what='no line')


def test_stuck_gripper_does_not_keep_the_driver(rig, wait_for):
    rig.franky.arm.gripper_free.clear()
    rig.driver.gripper(True)
    wait_for(lambda: rig.franky.arm.gripper_commands, what='the command')
    begin = time.monotonic()
    rig.driver.close()
    assert time.monotonic() - begin < 1.0
    rig.franky.arm.gripper_free.set()


class Hand:
    """A gripper whose commands return when they are told to."""

    def __init__(self):
        self.commands = []
        self.go = threading.Semaphore(0)
        self.width = 0.05

    def grasp(self, width, speed, force, epsilon_inner, epsilon_outer):
        self.commands.append(('grasp', speed, force))
        self.go.acquire()
        return True

    def move(self, width, speed):
        self.commands.append(('move', width, speed))
        self.go.acquire()
        return width < 0.08  # a hand that cannot open wholly


def test_worker_sends_the_latest_wish_once(wait_for):
    hand = Hand()
    now = [10.0]
    worker = GripperWorker(hand, 0.08, speed=0.05, force=15.0, clock=lambda: now[0])
    worker.command(True)
    wait_for(lambda: hand.commands, what='the first command')
    for closed in (False, True, False, True):
        worker.command(closed)
    hand.go.release()
    wait_for(lambda: worker.width == 0.05, what='the width')
    worker.command(False)
    wait_for(lambda: len(hand.commands) == 2, what='the second command')
    assert hand.commands == [('grasp', 0.05, 15.0), ('move', 0.08, 0.05)]
    assert worker.line == ''
    now[0] += 0.08 / 0.05
    assert worker.line == ''  # it may just be on its way
    now[0] += LATE + 0.5
    assert worker.line == 'the gripper has not answered for 4 s'
    hand.go.release()
    wait_for(lambda: worker.line == 'the gripper did not open', what='the result')
    worker.end()
