# SPDX-License-Identifier: Apache-2.0
"""A margin to the ends of the joints, with the braking distance in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.arrays import between, inside


@dataclass(frozen=True)
class JointMargin:
    """q in [low + margin, high - margin]; a joint that starts beyond may only stay or go inward.

    Attributes:
        limits: The model's.
        margin: rad.
        acceleration: With which the joints can brake.
    """

    limits: JointLimits
    margin: float
    acceleration: AccelerationLimit

    @cached_property
    def low(self) -> np.ndarray:
        """[7] rad, where the lower margins begin."""
        return self.limits.low + self.margin

    @cached_property
    def high(self) -> np.ndarray:
        """[7] rad, where the upper margins begin."""
        return self.limits.high - self.margin

    def nearest(self, q: np.ndarray, target: np.ndarray) -> np.ndarray:
        """[7]: where an arm at `q` may go that is nearest to `target`, joint by joint."""
        return between(target, np.minimum(self.low, q), np.maximum(self.high, q))

    def clamp(self, q: np.ndarray, dq: np.ndarray, dt: float) -> np.ndarray:
        """`dq` [7], outward only as fast as the braking distance allows.

        First what each joint could do alone, v <= sqrt(2 a room), then what it can do braking
        together with the others: in half of their common stopping time it goes on.
        """
        if inside(q + dq * self._together(dq, dt), self.low, self.high):
            return dq
        up, down = np.maximum(self.high - q, 0.0), np.maximum(q - self.low, 0.0)
        alone = self.acceleration.approach
        dq = between(dq, -alone(down, dt), alone(up, dt))
        together = self._together(dq, dt)
        return between(dq, -down / together, up / together)

    def holds(self, q: np.ndarray, end: np.ndarray) -> bool:
        """Whether an arm may go straight from `q` [7] to `end` [7]."""
        return inside(end, np.minimum(self.low, q), np.maximum(self.high, q))

    def _together(self, dq: np.ndarray, dt: float) -> float:
        return self.acceleration.stop_time(dq) / 2 + dt
