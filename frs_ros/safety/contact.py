# SPDX-License-Identifier: Apache-2.0
"""When a touch is hard enough to stop softly, before the robot stops itself with a reflex."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.safety.finite import finite_vector
from frs_ros.safety.rejected import Rejected


@dataclass(frozen=True)
class ContactLimit:
    """Largest estimated external load; the defaults are 80 % of franky's reflex thresholds.

    Attributes:
        force: On the tool, N.
        torque: On the tool, Nm.
        joint_torque: On any joint, Nm.

    Raises:
        ConfigError: From the constructor; names the threshold.
    """

    force: float = 24.0
    torque: float = 16.0
    joint_torque: float = 16.0

    def __post_init__(self) -> None:
        for name in ('force', 'torque', 'joint_torque'):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f'contact {name} must be positive, not {getattr(self, name)}')

    def exceeded(self, wrench: np.ndarray, joint_torques: np.ndarray) -> str:
        """One line if there is contact, '' if not. An estimate that is not finite is contact.

        Args:
            wrench: [6] force (N) and torque (Nm) on the tool.
            joint_torques: [7] Nm.
        """
        try:
            wrench = finite_vector('external wrench', wrench, 6)
            joint_torques = np.abs(finite_vector('external joint torque', joint_torques, 7))
        except Rejected as verdict:
            return verdict.reason
        force, torque = float(np.linalg.norm(wrench[:3])), float(np.linalg.norm(wrench[3:]))
        joint = int(joint_torques.argmax())
        if force > self.force:
            return f'contact: {force:.1f} N on the tool, more than {self.force:g} N'
        if torque > self.torque:
            return f'contact: {torque:.1f} Nm on the tool, more than {self.torque:g} Nm'
        if joint_torques[joint] > self.joint_torque:
            return (
                f'contact: {joint_torques[joint]:.1f} Nm on joint {joint + 1}, '
                f'more than {self.joint_torque:g} Nm'
            )
        return ''
