# SPDX-License-Identifier: Apache-2.0
"""What the gripper is told, and how often."""

from __future__ import annotations

import numpy as np

from frs_ros.robot.action_spaces.base import ActionSpaceExecutor
from frs_ros.robot.base import ArmState, RobotDriver


class GripperCommand:
    """Passes wishes on: only changes, and not more often than the hand can follow.

    Attributes:
        closed: Last wish sent.
    """

    def __init__(
        self, driver: RobotDriver, executor: ActionSpaceExecutor, interval: float
    ) -> None:
        """Sets the shortest time between two changes, s."""
        self._driver, self._executor, self._interval = driver, executor, interval
        self.closed = False
        self._changed_at = float('-inf')

    @property
    def command(self) -> float:
        """Last wish, -1 open .. +1 closed."""
        return 1.0 if self.closed else -1.0

    def assume(self, state: ArmState, max_width: float) -> None:
        """Takes the wish before the first from where the fingers are."""
        self.closed = bool(state.gripper_width < 0.5 * max_width)  # False if NaN

    def follow(self, action: np.ndarray, now: float) -> None:
        """Does what the action [A] says about the gripper; RobotError if the driver cannot."""
        wish = self._executor.gripper(action)
        if wish == self.closed or now - self._changed_at < self._interval:
            return
        self._driver.gripper(wish)
        self.closed, self._changed_at = wish, now
