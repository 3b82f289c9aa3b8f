# SPDX-License-Identifier: Apache-2.0
"""Joint speed: that of the lab, and a share of the model's, which falls near the joint ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.safety.arrays import between
from frs_ros.safety.limits import JointLimits

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

    @property
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
        low, high = self.bounds(q)
        return between(dq, low, high)

    def holds(self, q: np.ndarray, dq: np.ndarray, stop_time: float) -> bool:
        """Whether an arm at `q` with velocity `dq` keeps the limit now and while it brakes.

        At the share s of its present speed it has gone |dq| stop_time (1 - s^2) / 2, so that
        s |dq| <= limit there is a quadratic inequality in s, for all s in [0, 1].
        """
        speed, rule = np.abs(dq), self._deceleration
        if (speed > self.maximum * (1 + _ROUNDING)).any():
            return False
        room = np.where(dq > 0, self.limits.high - q, q - self.limits.low)
        offset = self.limits.velocity_offset
        square = speed * stop_time - (speed / self.share) ** 2 / rule
        linear = speed * offset / (self.share * rule)
        constant = 2 * room - speed * stop_time - offset**2 / rule
        lowest = np.clip(linear / np.where(square > 0, square, np.inf), 0.0, 1.0)
        least = np.minimum(
            (square * lowest - 2 * linear) * lowest + constant,  # at the vertex, or at s = 0
            square - 2 * linear + constant,
        )
        return bool(((least >= -_ROUNDING) | (speed == 0)).all())

    @property
    def _deceleration(self) -> np.ndarray:
        rule: np.ndarray = np.minimum(self.limits.deceleration, _NO_RULE)
        return rule

    def _at(self, room: np.ndarray) -> np.ndarray:
        root = np.sqrt(2 * self._deceleration * np.maximum(room, 0.0))
        model = self.share * np.maximum(root - self.limits.velocity_offset, 0.0)
        limit: np.ndarray = np.minimum(self.maximum, model)
        return limit
