# SPDX-License-Identifier: Apache-2.0
"""Speed of the tool centre point, in translation and in rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-9


@dataclass(frozen=True)
class ToolSpeedLimit:
    """|velocity| and |angular velocity| of the tool.

    Attributes:
        translation: m/s.
        rotation: rad/s.
    """

    translation: float
    rotation: float

    def scale(self, dq: np.ndarray, jacobian: np.ndarray) -> np.ndarray:
        """`dq` [7], slower but in the same direction where the tool would be too fast.

        Args:
            dq: [7] rad/s.
            jacobian: [6, 7] of the tool.
        """
        excess = self._excess(jacobian @ dq)
        return dq if excess <= 1.0 else dq / excess

    def holds(self, dq: np.ndarray, jacobian: np.ndarray) -> bool:
        """Whether the tool is slow enough with `dq` [7] and the jacobian [6, 7] there."""
        return self._excess(jacobian @ dq) <= 1.0 + _ROUNDING

    def holds_along(self, poses: np.ndarray, times: np.ndarray) -> bool:
        """Whether a tool that goes through `poses` [n, 4, 4] is slow enough between them.

        Args:
            poses: Neighbours are close to each other: an angle is taken for its sine.
            times: [n - 1] seconds from each to the next.
        """
        step = poses[1:] - poses[:-1]
        travel = np.sqrt((step[:, :3, 3] ** 2).sum(-1))
        angle = np.sqrt((step[:, :3, :3] ** 2).sum((-2, -1)) / 2)
        return bool(
            (travel <= self.translation * times).all() and (angle <= self.rotation * times).all()
        )

    def _excess(self, twist: np.ndarray) -> float:
        v, w = twist[:3], twist[3:]
        return max(
            math.sqrt(float(v @ v)) / self.translation, math.sqrt(float(w @ w)) / self.rotation
        )
