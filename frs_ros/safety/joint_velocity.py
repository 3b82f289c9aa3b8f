# SPDX-License-Identifier: Apache-2.0
"""Joint speed: that of the lab, and a share of the model's, which falls near the joint ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.safety.arrays import between, inside

_ROUNDING = 1e-12
_NO_RULE = 1e12  # rad/s^2, stands for the infinite deceleration of models without the rule


@dataclass(frozen=True)
class JointVelocityLimit:
    """|dq| <= min(speed, share * model's limit at q); see `JointLimits`.

    Attributes:
        limits: The model's.
        speed: The lab's limit for every joint, rad/s.
        share: Part of the model's limits that may be used, in (0, 1].
    """

    limits: JointLimits
    speed: float
    share: float

    @cached_property
    def maximum(self) -> np.ndarray:
        """[7] rad/s, far from the joint ends."""
        maximum: np.ndarray = np.minimum(self.speed, self.share * self.limits.velocity)
        return maximum

    def bounds(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[7] lowest and [7] highest velocity at joint positions `q`."""
        up, down = self._at(self.limits.high - q), self._at(q - self.limits.low)
        return -down, up

    def scale(self, dq: np.ndarray) -> np.ndarray:
        """`dq`, slower but in the same direction, such that no joint is above its maximum."""
        excess = float((np.abs(dq) / self.maximum).max())
        return dq if excess <= 1.0 else dq / excess

    def clamp(self, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """`dq` with the joints that are too fast for their place slowed down."""
        return between(dq, *self.bounds(q))

    def holds(self, q: np.ndarray, dq: np.ndarray, stop_time: float) -> bool:
        """Whether an arm at `q` with velocity `dq` keeps the limit now and while it brakes.

        At the share s of its present speed it has gone |dq| stop_time (1 - s^2) / 2, so that
        s |dq| <= limit there is a quadratic inequality in s, for all s in [0, 1].
        """
        speed = np.abs(dq)
        if (speed > self.maximum * (1 + _ROUNDING)).any():
            return False
        if inside(q, *self._plain) and inside(q + dq * (stop_time / 2), *self._plain):
            return True  # the model's limit is above the maximum all the way
        room = np.where(dq > 0, self.limits.high - q, q - self.limits.low)
        offset, rule = self.limits.velocity_offset, self._deceleration
        square = speed * stop_time - (speed / self.share) ** 2 / rule
        linear = speed * offset / (self.share * rule)
        constant = 2 * room - speed * stop_time - offset**2 / rule
        vertex = np.clip(linear / np.where(square > 0, square, np.inf), 0.0, 1.0)
        lowest = (square * vertex - 2 * linear) * vertex + constant  # s = 0 if it bends down
        now = square - 2 * linear + constant
        return bool(((np.minimum(lowest, now) >= -_ROUNDING) | (speed == 0)).all())

    @cached_property
    def _deceleration(self) -> np.ndarray:
        rule: np.ndarray = np.minimum(self.limits.deceleration, _NO_RULE)
        return rule

    @cached_property
    def _plain(self) -> tuple[np.ndarray, np.ndarray]:
        """Joint positions between which only the maximum counts, low [7] and high [7]."""
        root = self.maximum / self.share + self.limits.velocity_offset
        room = root**2 / (2 * self._deceleration)
        return self.limits.low + room, self.limits.high - room

    def _at(self, room: np.ndarray) -> np.ndarray:
        root = np.sqrt(2 * self._deceleration * np.maximum(room, 0.0))
        model = self.share * np.maximum(root - self.limits.velocity_offset, 0.0)
        limit: np.ndarray = np.minimum(self.maximum, model)
        return limit
