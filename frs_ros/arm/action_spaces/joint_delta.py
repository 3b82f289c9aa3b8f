# SPDX-License-Identifier: Apache-2.0
"""Joint positions ahead of the measured ones: what DROID calls joint velocity."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.base import JointActions, checked
from frs_ros.arm.limits import JOINTS

MAX_DELTA = 0.2  # rad per action, DROID's max_joint_delta


def scaled(joints: np.ndarray) -> np.ndarray:
    """[.., 7] shortened until no joint exceeds 1: the direction stays, unlike with clipping."""
    largest = np.abs(joints).max(axis=-1, keepdims=True)
    return np.asarray(joints / np.maximum(largest, 1.0))


class JointDelta(JointActions):
    """target = measured + 0.2 a, as DROID's robot server (arXiv 2403.12945, robot_ik_solver.py).

    The target is there for a soft controller to lean towards, 15 times a second; it is not
    reached within the period.
    """

    def target(self, action: np.ndarray, measured: np.ndarray, period: float) -> np.ndarray:
        """See `ActionSpaceExecutor.target`; the period does not matter."""
        del period
        return checked('joints', measured, JOINTS) + MAX_DELTA * scaled(self.joints(action))
