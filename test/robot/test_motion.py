# SPDX-License-Identifier: Apache-2.0
"""From actions to commands on the arm of arithmetic: speeds that are meant, and a late start."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from cell_world import CELL, KINEMATICS, PERIOD, TICK

from frs_ros.arm.action_spaces.registry import make_action_space
from frs_ros.robot.base import ControlMode
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.motion import LEAD, Motion
from frs_ros.robot.player import Due
from frs_ros.safety.envelope import SafetyEnvelope
from frs_ros.safety.rejected import Rejected
from frs_ros.types import JOINT_DELTA, JOINT_VELOCITY


class Rig:
    """A motion in a space and a mode, with a clock turned by hand."""

    def __init__(self, space, mode, **options):
        self.now = 0.0
        self.driver = KinematicDriver(
            CELL.model, kinematics=KINEMATICS, clock=lambda: self.now, **options
        )
        info = self.driver.connect(1.0)
        executor = make_action_space(space, KINEMATICS)
        envelope = SafetyEnvelope(info.limits, KINEMATICS, CELL.envelope)
        self.motion = Motion(self.driver, executor, envelope, mode, PERIOD)

    def follow(self, action, seconds):
        """The same action, row after row; how far each joint went, [7] rad."""
        start = self.driver.read().q
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            row = int(self.now / PERIOD)
            self.motion.follow(Due(np.asarray(action), (0, row)), self.driver.read(), self.now)
        return self.driver.read().q - start


@pytest.mark.parametrize('mode', list(ControlMode))
def test_joint_velocity_is_the_speed_of_the_arm(mode):
    """A soft arm lags behind its reference; what it lags must not be lost at every action."""
    rig = Rig(JOINT_VELOCITY, mode)
    speeds = np.array([0.15, -0.05, 0.0, 0.05, 0.0, 0.2, 0.0])  # stays in the box
    rig.follow([*speeds, 0.0], 1.0)
    moved = rig.follow([*speeds, 0.0], 2.0)
    np.testing.assert_allclose(moved / 2.0, speeds, atol=0.01)
    assert rig.driver.fault is None
    rig.follow(np.zeros(8), 1.5)
    assert np.abs(rig.driver.read().dq).max() < 0.01  # zero is a standstill


def test_velocity_of_an_arm_that_is_held_up_does_not_pile_up():
    rig = Rig(JOINT_VELOCITY, ControlMode.IMPEDANCE)
    held = rig.driver.read()
    for row in range(200):
        rig.now += PERIOD
        rig.motion.follow(Due(np.array([0.3] + [0.0] * 7), (0, row)), held, rig.now)
    assert rig.motion._target[0] - held.q[0] == pytest.approx(LEAD + 0.3 * PERIOD)


@pytest.mark.parametrize('mode', list(ControlMode))
def test_begins_where_the_arm_is_once_control_has_started(mode):
    """The end of an earlier motion may be waited for, and the arm moves meanwhile."""
    rig = Rig(JOINT_DELTA, mode)
    before = rig.driver.read()
    elsewhere = before.q + 0.3
    driver_start = rig.driver.start

    def late(mode):
        rig.driver._arm._joints.q = elsewhere.copy()
        rig.now += TICK
        driver_start(mode)

    rig.driver.start = late
    rig.motion.towards(elsewhere, before, rig.now)
    assert np.abs(rig.motion.reference.q - elsewhere).max() < 0.01
    assert rig.driver.fault is None


def test_control_ends_if_it_is_unknown_where_the_arm_is():
    rig = Rig(JOINT_DELTA, ControlMode.IMPEDANCE)
    state = rig.driver.read()
    rig.driver._arm._joints.q = np.full(7, 1e3)  # the robot does not make sense
    rig.now += TICK
    with pytest.raises(Rejected):
        rig.motion.towards(state.q, state, rig.now)
    assert not rig.motion.running
    rig.motion.brake(state, rig.now)  # nothing to brake, and no assertion
