# SPDX-License-Identifier: Apache-2.0
"""What the gripper is told: changes only, and not more often than the hand can follow."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.base import ActionSpaceExecutor
from frs_ros.robot.base import ArmState, RobotDriver
from frs_ros.safety.gripper_rate import GripperRate


class GripperCommand:
    """Passes the commands of actions on to the driver.

    The first command after `forget` is passed on whatever it is, once the interval since the last
    command is over: the width alone does not tell a hand that holds something wide from an open
    one.
    """

    def __init__(
        self, driver: RobotDriver, executor: ActionSpaceExecutor, interval: float
    ) -> None:
        """Sets the shortest time between two changes, s."""
        self._driver, self._executor, self._interval = driver, executor, interval
        self._told = GripperRate()
        self._sure = False

    @property
    def command(self) -> float:
        """Last command passed on, -1 open .. +1 closed."""
        return 1.0 if self._told.closed else -1.0

    def assume(self, state: ArmState, max_width: float) -> None:
        """Takes the command before the first from where the fingers are; open if unknown."""
        self._told = GripperRate(closed=bool(state.gripper_width < 0.5 * max_width))

    def forget(self) -> None:
        """The hand may have been moved: what it was told counts no more."""
        self._sure = False

    def follow(self, action: np.ndarray, now: float) -> None:
        """Does what the action [A] says about the gripper; RobotError if the driver cannot."""
        closed, self._told = self._executor.gripper(action), self._told.at(now)
        news = closed != self._told.closed or not self._sure
        if news and self._told.free(now, self._interval):
            self._told, self._sure = GripperRate(closed, now), False
            self._driver.gripper(closed)
            self._sure = True
