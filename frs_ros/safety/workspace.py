# SPDX-License-Identifier: Apache-2.0
"""The box for the tool centre point: outward speed fades in a soft band, the faces are hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.errors import ConfigError
from frs_ros.safety.arrays import between

# The check of a stopping path looks at points of it. Kept this far inside the faces, it has not
# missed a point outside between them.
SKIN = 0.001  # m
# A tool that slides along a face is led this far from it, so that the bend of its path does not
# bring it to the check all the time.
_CLEARANCE = 0.003  # m
_RETURN = 0.2  # share of the present tool speed with which it is led back there
_DAMPING = 1e-6  # of the least squares, m^2: below the square of any useful lever


@dataclass(frozen=True)
class WorkspaceLimit:
    """The tool stays in the box; one that starts outside may only stay, slide or go inward.

    Attributes:
        box: See `WorkspaceBox`.
        speed: Outward speed of the tool where the soft band begins, m/s.
        deviation: How far the arm may be sent from the reference, m: kept inside the faces, too.

    Raises:
        ConfigError: From the constructor; the box is too small for that.
    """

    box: WorkspaceBox
    speed: float
    deviation: float = 0.0

    def __post_init__(self) -> None:
        if (self.box.high - self.box.low <= 2 * (_CLEARANCE + self.deviation)).any():
            raise ConfigError(
                f'safety setting box: {self.box.low} .. {self.box.high} leaves no room when '
                f'{self.deviation:.3f} m are kept from its faces for the averaging of references: '
                'lower smoothing or acceleration'
            )

    def turn(
        self,
        position: np.ndarray,
        dq: np.ndarray,
        jacobian: np.ndarray,
        free: np.ndarray,
        stop_time: float,
    ) -> np.ndarray:
        """`dq` [7] without what leads the tool out of the box.

        The rest of the tool's velocity stays as it was; of all `dq` for that, the nearest.

        Args:
            position: [3] m, of the tool.
            dq: [7] rad/s.
            jacobian: [6, 7] of the tool.
            free: [7] bool, the joints that may be used for it.
            stop_time: Seconds the arm needs to stop; in half of it the tool goes on.
        """
        velocity = jacobian[:3] @ dq
        low, high = self._allowed(position, velocity, stop_time)
        wanted = between(velocity, low, high)
        if not (wanted != velocity).any():
            return dq
        rows = jacobian[:3] * free
        gram = rows @ rows.T + _DAMPING * np.eye(3)
        turned: np.ndarray = dq + rows.T @ np.linalg.solve(gram, wanted - velocity)
        return turned

    def holds_along(self, positions: np.ndarray) -> bool:
        """Whether the tool may go through `positions` [n, 3], starting at the first.

        In each axis the distance outside of the box must not grow.
        """
        skin = SKIN + self.deviation
        above = positions - (self.box.high - skin)
        below = (self.box.low + skin) - positions
        outside = np.maximum(np.maximum(above, below), 0.0)
        return bool((outside[1:] <= outside[:-1]).all())

    def _allowed(
        self, position: np.ndarray, velocity: np.ndarray, stop_time: float
    ) -> tuple[np.ndarray, np.ndarray]:
        rate = self.speed / self.box.soft
        if stop_time > 0:
            rate = min(rate, 2 / stop_time)
        back = -_RETURN * float(np.abs(velocity).max())
        clearance = _CLEARANCE + self.deviation
        up = np.maximum(rate * (self.box.high - clearance - position), back)
        down = np.maximum(rate * (position - self.box.low - clearance), back)
        return -down, up
