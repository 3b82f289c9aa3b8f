# SPDX-License-Identifier: Apache-2.0
"""Puts the right limits into franky.

franky 2.0.0 has those of the Panda and the FR3 swapped: an FR3 gets accelerations and jerks that
it answers with a reflex. What franky allows at most is kept as well: it refuses to go above.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.arm.models import ArmModel

MARGIN = 0.95  # of what the robot answers with a reflex


@dataclass(frozen=True)
class CartesianLimits:
    """Velocity, acceleration and jerk of the tool.

    Attributes:
        translation: m/s, m/s^2, m/s^3.
        rotation: rad/s, rad/s^2, rad/s^3.
        elbow: Likewise, rad.
    """

    translation: tuple[float, float, float]
    rotation: tuple[float, float, float]
    elbow: tuple[float, float, float]


# Franka Robotics, "Control Interface Specification and Robot Limits".
CARTESIAN = {
    'fr3': CartesianLimits((3.0, 9.0, 4500.0), (2.5, 17.0, 8500.0), (2.62, 10.0, 5000.0)),
    'panda': CartesianLimits((1.7, 13.0, 6500.0), (2.5, 25.0, 12500.0), (2.175, 10.0, 5000.0)),
}


def apply_limits(robot: Any, model: ArmModel) -> JointLimits:
    """Sets all 12 limits of a franky.Robot that is not moving; returns those of its joints."""
    tool = CARTESIAN[model.name]
    limits = model.limits
    joint = (limits.velocity, limits.acceleration, limits.jerk)
    table = zip(joint, tool.translation, tool.rotation, tool.elbow, strict=True)
    in_force = []
    for quantity, values in zip(('velocity', 'acceleration', 'jerk'), table, strict=True):
        for part, value in zip(('joint', 'translation', 'rotation', 'elbow'), values, strict=True):
            limit = getattr(robot, f'{part}_{quantity}_limit')
            lower = np.minimum(MARGIN * np.asarray(value), limit.max)
            limit.set(lower if part == 'joint' else float(lower))
            if part == 'joint':
                in_force.append(lower)
    velocity, acceleration, jerk = in_force
    return replace(limits, velocity=velocity, acceleration=acceleration, jerk=jerk)
