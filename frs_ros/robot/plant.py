# SPDX-License-Identifier: Apache-2.0
"""How the joints and the fingers of the kinematic simulation move."""

from __future__ import annotations

import math

import numpy as np

from frs_ros.safety.arrays import between

# Time constants with which the arm follows a position reference under DROID's gains, s. From
# moves in a physics simulation: q_target = q + 0.2 a at 15 Hz reaches 0.2 sum(a) / (15 LAG), which
# was 0.524 of 1.38 rad for joint 1 and 0.194 of 0.69 rad for joint 4. The others are taken alike.
LAG = np.array([0.18, 0.18, 0.18, 0.24, 0.2, 0.2, 0.2])
INERTIA = 0.03  # s, with which a joint takes up a new speed
REST = 1e-4  # rad/s below which a joint stands


class JointPlant:
    """Seven joints without dynamics between them.

    Attributes:
        q: [7] positions, rad.
        dq: [7] velocities, rad/s.
    """

    def __init__(self, q: np.ndarray, acceleration: np.ndarray) -> None:
        """Stands at `q` [7]; `acceleration` [7] rad/s^2 is what its motors can do."""
        self.q = np.array(q, dtype=np.float64)
        self.dq = np.zeros(7)
        self._acceleration = np.asarray(acceleration, dtype=np.float64)

    @property
    def resting(self) -> bool:
        """Whether all joints stand."""
        return bool(np.abs(self.dq).max() < REST)

    def track(self, reference: np.ndarray, dt: float) -> None:
        """Follows positions [7] softly, with a lag of second order, for `dt` s."""
        wanted = (reference - self.q) / LAG
        self._move((wanted - self.dq) / INERTIA, dt)

    def glide(self, velocity: np.ndarray, dt: float) -> None:
        """Goes over to velocities [7] as fast as the motors can, for `dt` s."""
        self._move((velocity - self.dq) / dt, dt)

    def brake(self, dt: float) -> None:
        """Ramps to rest for `dt` s."""
        self.glide(np.zeros(7), dt)

    def _move(self, acceleration: np.ndarray, dt: float) -> None:
        self.dq = self.dq + dt * between(acceleration, -self._acceleration, self._acceleration)
        self.q = self.q + dt * self.dq


class GripperPlant:
    """Two fingers with a finite speed.

    Attributes:
        width: Their distance, m.
        overdue: s for which they have been late.
    """

    def __init__(self, max_width: float, speed: float = 0.1) -> None:
        """Stands open; `speed` in m/s of the width."""
        self.width = self._target = self._max_width = max_width
        self._speed = speed
        self.overdue = 0.0

    def go(self, closed: bool) -> None:
        """Sets where the fingers shall be."""
        self._target = 0.0 if closed else self._max_width

    def step(self, dt: float, stuck: bool) -> None:
        """Moves the fingers for `dt` s, unless they are stuck."""
        missing = self._target - self.width
        if abs(missing) < 1e-9:
            self.overdue = 0.0
        elif stuck:
            self.overdue += dt
        else:
            self.overdue = 0.0
            self.width += math.copysign(min(abs(missing), self._speed * dt), missing)
