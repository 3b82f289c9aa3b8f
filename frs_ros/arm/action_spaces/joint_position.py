# SPDX-License-Identifier: Apache-2.0
"""Absolute joint positions."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.base import JointActions, checked
from frs_ros.arm.limits import JOINTS


class JointPosition(JointActions):
    """target = a."""

    def target(self, action: np.ndarray, measured: np.ndarray, period: float) -> np.ndarray:
        """See `ActionSpaceExecutor.target`; neither joints nor period matter."""
        del period
        checked('joints', measured, JOINTS)
        return np.array(self.joints(action))
