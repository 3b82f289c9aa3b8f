# SPDX-License-Identifier: Apache-2.0
"""Where the tool is for given joints, and how it moves with them."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Kinematics(Protocol):
    """Forward kinematics of a seven-joint arm; positions in m, angles in rad, base frame."""

    def pose(self, q: np.ndarray) -> np.ndarray:
        """[4, 4] pose of the tool centre point for joint positions [7]."""
        ...

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        """[6, 7]: velocity (3, m/s) and angular velocity (3, rad/s) of the tool per rad/s."""
        ...
