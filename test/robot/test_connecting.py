# SPDX-License-Identifier: Apache-2.0
"""Connecting to a robot: one that is still starting, one of another model."""

from __future__ import annotations

import pytest

pytest.importorskip('pinocchio')

from cell_world import CELL

from frs_ros.arm.models import PANDA
from frs_ros.errors import ConfigError
from frs_ros.robot.assembly import connect, kinematics_of
from frs_ros.robot.base import Fault, FaultKind, RobotError, RobotInfo


class Reluctant:
    """A robot that is not there at first."""

    def __init__(self, refusals: int, kind: FaultKind) -> None:
        self.refusals, self.kind, self.tries = refusals, kind, 0

    def connect(self, timeout: float) -> RobotInfo:
        self.tries += 1
        if self.tries <= self.refusals:
            raise RobotError(Fault(self.kind, 'not there'))
        return RobotInfo('fr3', CELL.model.limits)


def test_connecting_waits_for_a_robot_that_is_starting():
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    robot = Reluctant(3, FaultKind.CONNECTION)
    assert connect(robot, 10.0, lambda: time[0], sleep).model == 'fr3'
    assert robot.tries == 4
    with pytest.raises(RobotError, match='not there'):
        connect(Reluctant(1000, FaultKind.CONNECTION), 10.0, lambda: time[0], sleep)
    robot = Reluctant(1, FaultKind.VERSION)  # waiting does not fix that
    with pytest.raises(RobotError, match='not there'):
        connect(robot, 10.0, lambda: time[0], sleep)
    assert robot.tries == 1


def test_wrong_model_is_named():
    with pytest.raises(ConfigError, match='the robot is a panda, but the settings are for a fr3'):
        kinematics_of(RobotInfo('panda', PANDA.limits), CELL.model)
