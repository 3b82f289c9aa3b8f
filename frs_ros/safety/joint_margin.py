# SPDX-License-Identifier: Apache-2.0
"""A margin to the ends of the joints, with the braking distance in front of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.arrays import between
from frs_ros.safety.limits import JointLimits


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

    def clamp(self, q: np.ndarray, dq: np.ndarray, dt: float) -> np.ndarray:
        """`dq` [7], outward only as fast as the braking distance allows.

        First what each joint could do alone, v <= sqrt(2 a room), then what it can do braking
        together with the others: in half of their common stopping time it goes on.
        """
        up, down = self._room(q)
        alone = self.acceleration.approach
        dq = between(dq, -alone(down, dt), alone(up, dt))
        together = self.acceleration.stop_time(dq) / 2 + dt
        return between(dq, -down / together, up / together)

    def holds(self, q: np.ndarray, end: np.ndarray) -> bool:
        """Whether an arm may go straight from `q` [7] to `end` [7]."""
        high = np.maximum(self.limits.high - self.margin, q)
        low = np.minimum(self.limits.low + self.margin, q)
        return bool((end <= high).all() and (end >= low).all())

    def _room(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        up = np.maximum(self.limits.high - self.margin - q, 0.0)
        down = np.maximum(q - self.limits.low - self.margin, 0.0)
        return up, down
