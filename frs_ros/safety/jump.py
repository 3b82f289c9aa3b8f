# SPDX-License-Identifier: Apache-2.0
"""How far the reference may be from where the arm is measured to be.

The reference may outrun an arm that is held up (a contact) by `OWN` of the limit only; the rest is
for an arm that is pushed away. Then the reference follows, within all other limits, and an arm
pushed away faster than it can follow is for the caller to hold or stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.arrays import between, inside
from frs_ros.safety.rejected import Rejected

OWN = 0.8


@dataclass(frozen=True)
class JumpLimit:
    """|q - measured| <= maximum.

    Attributes:
        maximum: rad, every joint.
        acceleration: With which the joints can brake.
    """

    maximum: float
    acceleration: AccelerationLimit

    def clamp(self, q: np.ndarray, measured: np.ndarray, dq: np.ndarray, dt: float) -> np.ndarray:
        """`dq` [7], away from `measured` only as fast as the reference can stop in time."""
        own = OWN * self.maximum
        ahead = q - measured
        reach = ahead + dq * (self.acceleration.stop_time(dq) / 2 + dt)
        if max(np.abs(ahead).max(), np.abs(reach).max()) <= own:
            return dq
        up, down = own - ahead, own + ahead
        return between(dq, -self._signed(down, dt), self._signed(up, dt))

    def holds(self, q: np.ndarray, measured: np.ndarray, end: np.ndarray) -> bool:
        """Whether the reference may go straight from `q` [7] to `end` [7]."""
        own = OWN * self.maximum
        return inside(end, np.minimum(measured - own, q), np.maximum(measured + own, q))

    def check(self, q: np.ndarray, measured: np.ndarray) -> None:
        """Rejected if the reference `q` [7] is too far from `measured` [7]."""
        gap = np.abs(q - measured)
        joint = int(gap.argmax())
        if gap[joint] > self.maximum:
            raise Rejected(
                f'joint {joint + 1} is {gap[joint]:.2f} rad away from its reference, '
                f'more than {self.maximum:g}'
            )

    def _signed(self, room: np.ndarray, dt: float) -> np.ndarray:
        speed: np.ndarray = np.sign(room) * self.acceleration.approach(np.abs(room), dt)
        return speed
