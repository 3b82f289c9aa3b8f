# SPDX-License-Identifier: Apache-2.0
"""What only the kinematic simulation can show: its script, its lag, its strict limits."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from frs_ros.arm.limits import JointLimits
from frs_ros.robot import scripted
from frs_ros.robot.base import ControlMode, FaultKind, JointCommand, RobotError, RobotMode
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.plant import LAG

HOME = np.array([0.0, -0.6, 0.0, -2.5, 0.0, 1.9, 0.0])
LIMITS = JointLimits(
    low=np.full(7, -2.8),
    high=np.full(7, 2.8),
    velocity=np.full(7, 2.5),
    acceleration=np.full(7, 10.0),
    jerk=np.full(7, 5000.0),
)
MODEL = SimpleNamespace(name='fr3', limits=LIMITS, home=HOME)
KINEMATICS = SimpleNamespace(pose=lambda q: np.eye(4), jacobian=lambda q: np.zeros((6, 7)))


class Cell:
    """A driver whose clock is turned by hand."""

    def __init__(self, *script, **options):
        self.now = 100.0
        self.driver = KinematicDriver(
            MODEL, kinematics=KINEMATICS, clock=lambda: self.now, script=script, **options
        )
        self.driver.connect(1.0)

    def wait(self, seconds):
        self.now += seconds
        return self.driver.read()

    def follow(self, reference, seconds, period=0.01):
        """Commands `reference(t)` -> JointCommand for a time; the last state."""
        for i in range(round(seconds / period)):
            self.driver.command(reference(i * period))
            state = self.wait(period)
        return state


def velocity(dq):
    return JointCommand(HOME, np.eye(7)[0] * dq)


def home_plus(offset):
    return HOME + np.eye(7)[0] * offset


def position(offset):
    return JointCommand(home_plus(offset), np.zeros(7))


def test_times_follow_the_clock():
    cell = Cell()
    state = cell.wait(0.5)
    assert state.time == pytest.approx(0.5)
    assert state.read_at == pytest.approx(100.5)
    cell.now -= 5.0  # a clock that jumps back does not move the arm
    assert cell.driver.read().time == pytest.approx(0.5)


def test_position_reference_is_reached_with_the_lag():
    cell = Cell()
    cell.driver.start(ControlMode.IMPEDANCE)
    speed = 0.4
    state = cell.follow(lambda t: position(speed * t), 2.0)
    lag = speed * 1.99 - (state.q - HOME)[0]
    assert lag == pytest.approx(speed * LAG[0], rel=0.1)
    state = cell.wait(3.0)  # the last reference is held
    assert state.q[0] == pytest.approx(HOME[0] + speed * 1.99, abs=1e-3)
    assert cell.driver.fault is None


def test_velocity_is_kept_as_long_as_it_is_refreshed():
    cell = Cell()
    cell.driver.start(ControlMode.VELOCITY)
    state = cell.follow(lambda t: velocity(min(0.3, 2 * t)), 1.0)
    assert state.dq[0] == pytest.approx(0.3)
    state = cell.wait(0.35)
    np.testing.assert_allclose(state.dq, 0.0)
    assert cell.driver.fault is None
    cell.driver.command(velocity(0.05))  # goes on from rest, without a new start
    assert cell.wait(0.1).dq[0] == pytest.approx(0.05)


def test_reflex_stops_the_arm_and_is_recovered_from():
    cell = Cell(scripted.Reflex(0.5, error='joint_reflex'))
    cell.driver.start(ControlMode.VELOCITY)
    cell.follow(lambda t: velocity(min(0.3, 2 * t)), 0.49)
    state = cell.wait(0.2)
    assert (state.mode, state.errors) == (RobotMode.REFLEX, ('joint_reflex',))
    assert cell.driver.fault.kind is FaultKind.REFLEX
    assert 'joint_reflex' in cell.driver.fault.text
    np.testing.assert_allclose(state.dq, 0.0)
    with pytest.raises(RobotError, match='joint_reflex'):
        cell.driver.command(velocity(0.1))
    cell.driver.recover()
    assert cell.driver.read().mode is RobotMode.IDLE
    with pytest.raises(RobotError, match='not been started'):
        cell.driver.command(velocity(0.0))


def test_silence_shows_in_the_state_first_and_is_a_fault_later():
    cell = Cell(scripted.CommunicationLoss(0.5, until=3.0))
    cell.driver.start(ControlMode.VELOCITY)
    cell.follow(lambda t: velocity(0.1), 0.5)
    state = cell.wait(0.1)
    assert cell.now - state.read_at == pytest.approx(0.1, abs=0.01)
    assert cell.driver.fault is None
    cell.driver.command(velocity(0.1))  # nobody hears it
    state = cell.wait(1.0)
    assert state.time == pytest.approx(0.5, abs=0.01)
    assert cell.driver.fault.kind is FaultKind.COMMUNICATION
    with pytest.raises(RobotError, match='silent'):
        cell.driver.recover()
    assert cell.wait(2.0).dq[0] == 0.0  # it had stopped by itself
    cell.driver.recover()
    assert cell.driver.fault is None


def test_short_silence_in_control_is_a_communication_fault():
    cell = Cell(scripted.CommunicationLoss(0.5, until=0.6))
    cell.driver.start(ControlMode.IMPEDANCE)
    cell.wait(1.0)
    assert cell.driver.fault.kind is FaultKind.COMMUNICATION
    assert cell.driver.fault.errors == ('communication_constraints_violation',)


def test_slow_state():
    cell = Cell(scripted.SlowState(0.5, until=1.5, period=0.2))
    cell.wait(0.5)
    times = {round(cell.wait(0.02).time, 3) for _ in range(50)}
    assert len(times) == pytest.approx(5, abs=1)
    assert cell.wait(0.1).time == pytest.approx(1.6)
    assert cell.driver.fault is None


def test_user_stop_is_recovered_from_after_its_release_only():
    cell = Cell(scripted.UserStop(0.2, until=1.0))
    cell.driver.start(ControlMode.IMPEDANCE)
    assert cell.wait(0.5).mode is RobotMode.USER_STOPPED
    assert cell.driver.fault.kind is FaultKind.USER_STOP
    with pytest.raises(RobotError, match='stop button'):
        cell.driver.recover()
    cell.wait(0.6)
    assert cell.driver.fault.kind is FaultKind.USER_STOP
    cell.driver.recover()
    cell.driver.start(ControlMode.IMPEDANCE)


def test_stuck_gripper_is_a_line_and_no_fault():
    cell = Cell(scripted.StuckGripper(0.0, until=3.0))
    cell.driver.gripper(True)
    assert cell.wait(0.5).gripper_line == ''
    state = cell.wait(2.0)
    assert state.gripper_width == pytest.approx(0.08)
    assert state.gripper_line
    assert cell.driver.fault is None
    state = cell.wait(2.0)
    assert (state.gripper_line, state.gripper_width) == ('', 0.0)


def test_gripper_takes_its_time():
    cell = Cell()
    cell.driver.gripper(True)
    assert cell.wait(0.4).gripper_width == pytest.approx(0.04)
    cell.driver.gripper(False)
    assert cell.wait(0.2).gripper_width == pytest.approx(0.06)


def test_push_shows_in_the_wrench():
    cell = Cell(scripted.Push(0.5, until=1.0, force=(0.0, 12.0, 0.0)))
    assert not cell.wait(0.4).wrench_external.any()
    assert cell.wait(0.2).wrench_external[1] == 12.0


@pytest.mark.parametrize(
    ('mode', 'command', 'error'),
    [
        (ControlMode.IMPEDANCE, position(0.1), 'joint_motion_generator_velocity_discontinuity'),
        (ControlMode.VELOCITY, velocity(2.2), 'joint_motion_generator_velocity_limits_violation'),
        (
            ControlMode.VELOCITY,
            velocity(0.5),
            'joint_motion_generator_acceleration_discontinuity',
        ),
    ],
)
def test_violating_command_makes_a_reflex(mode, command, error):
    cell = Cell()
    cell.driver.start(mode)
    cell.wait(0.01)
    cell.driver.command(command)
    assert cell.driver.fault.kind is FaultKind.REFLEX
    assert cell.driver.fault.errors == (error,)
    with pytest.raises(RobotError):
        cell.driver.command(position(0.0))


@pytest.mark.parametrize('mode', ControlMode)
def test_ends_of_the_range_are_guarded_outward_only(mode):
    cell = Cell(start=home_plus(2.77))
    cell.driver.start(mode)
    inward = JointCommand(home_plus(2.76), velocity(-0.05).dq)
    cell.driver.command(inward)
    cell.wait(0.05)
    assert cell.driver.fault is None
    cell.driver.command(JointCommand(home_plus(2.775), velocity(0.05).dq))
    assert cell.driver.fault.errors == ('joint_motion_generator_position_limits_violation',)


def test_long_gap_is_cut_short():
    cell = Cell()
    state = cell.wait(1000.0)
    assert state.time == pytest.approx(60.0)
    assert cell.wait(0.1).time == pytest.approx(60.1)
