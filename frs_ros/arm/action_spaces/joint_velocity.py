# SPDX-License-Identifier: Apache-2.0
"""Joint velocities."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.base import JointActions, checked
from frs_ros.arm.limits import JOINTS


class JointVelocity(JointActions):
    """target += a period, rad: where the velocity leads to within the period."""

    integrates = True

    def target(self, action: np.ndarray, measured: np.ndarray, period: float) -> np.ndarray:
        """See `ActionSpaceExecutor.target`."""
        if not 0 < period < np.inf:
            raise ValueError(f'period must be a positive number of seconds, not {period}')
        return checked('joints', measured, JOINTS) + self.joints(action) * period
