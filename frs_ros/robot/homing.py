# SPDX-License-Identifier: Apache-2.0
"""The way to the start position, through the envelope like any other motion."""

from __future__ import annotations

import numpy as np

from frs_ros.robot.base import ArmState
from frs_ros.robot.motion import Motion
from frs_ros.safety.rejected import Rejected

NEAR = 0.05  # rad, every joint; a soft controller leaves an error from friction
RESTING = 0.02  # rad/s


class Homing:
    """Moves all joints to the start position; the envelope says how fast and whether at all."""

    def __init__(self, motion: Motion, joints: np.ndarray, timeout: float) -> None:
        """Sets the goal [7] (rad) and the time (s) after which it is given up."""
        self._motion, self._joints, self._timeout = motion, joints, timeout
        self._until = 0.0

    def begin(self, now: float) -> None:
        """The time begins to run."""
        self._until = now + self._timeout

    def step(self, state: ArmState, now: float, *, resting: bool) -> bool:
        """One step, the first once the arm is `resting`; whether it has arrived, and rests.

        Raises:
            RobotError: The driver cannot.
            Rejected: It takes too long, such as when a limit is in the way.
        """
        left = np.abs(self._joints - state.q)
        if left.max() < NEAR and np.abs(state.dq).max() < RESTING:
            return True
        if now > self._until:
            joint = int(left.argmax())
            limits = ', '.join(self._motion.clipped_by) or 'no limit'
            raise Rejected(
                f'not there after {self._timeout:g} s: joint {joint + 1} is {left[joint]:.2f} rad '
                f'off; the way was limited by {limits}. Lead the arm by hand to where it is free'
            )
        if resting or self._motion.running:
            self._motion.towards(self._joints, state, now)
        return False
