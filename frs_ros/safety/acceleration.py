# SPDX-License-Identifier: Apache-2.0
"""How fast the joint velocities may change, and what follows from it: how the arm can stop.

All joints speed up and slow down together, in proportion: a velocity between two that keep a
(convex) limit keeps it as well, and an arm that brakes stays on a straight line in joint space.
That line, from where it is to where it would stand, is what the other limits look at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AccelerationLimit:
    """|change of dq| <= maximum * dt.

    Attributes:
        maximum: [7] rad/s^2, positive.
    """

    maximum: np.ndarray

    def clamp(self, dq: np.ndarray, desired: np.ndarray, dt: float) -> np.ndarray:
        """[7]: from `dq` as far towards the velocity `desired` as `dt` seconds allow, straight."""
        change = desired - dq
        needed = float((np.abs(change) / self.maximum).max())
        return desired if needed <= dt else dq + change * (dt / needed)

    def brake(self, dq: np.ndarray, dt: float) -> np.ndarray:
        """[7]: velocity after `dt` seconds of braking in proportion; zeros once at rest."""
        return dq * max(0.0, 1.0 - dt / self.stop_time(dq)) if dq.any() else np.zeros_like(dq)

    def stop_time(self, dq: np.ndarray) -> float:
        """Seconds until an arm that moves with `dq` stands; it then is at q + dq * time / 2."""
        return float((np.abs(dq) / self.maximum).max())

    def approach(self, room: np.ndarray, dt: float) -> np.ndarray:
        """[7] rad/s at which each joint alone can still stop within `room` [7] rad.

        The largest v with v dt + v^2 / (2 a) <= room; none (0) where there is no room.
        """
        gain = self.maximum * dt
        speed: np.ndarray = np.sqrt(gain**2 + 2 * self.maximum * np.maximum(room, 0.0)) - gain
        return speed

    def towards(self, error: np.ndarray, dt: float) -> np.ndarray:
        """[7]: fastest velocity along `error` [7] rad from which the arm stops at its end."""
        share = float((np.abs(error) / self.maximum).max())
        if share == 0.0:
            return np.zeros_like(error)
        return error * ((math.sqrt(dt * dt + 2 * share) - dt) / share)
