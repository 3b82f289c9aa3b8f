# SPDX-License-Identifier: Apache-2.0
"""Last look at a command before a driver hands it on."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.limits import JOINTS
from frs_ros.robot.base import JointCommand


def checked(command: JointCommand) -> JointCommand:
    """Returns the command as float64 arrays of its own.

    A library may accept NaN and lose control of the arm over it, so nothing else is let through.

    Raises:
        ValueError: A number is not finite or a shape is wrong.
    """
    return JointCommand(
        _vector('position', command.q),
        _vector('velocity', command.dq),
    )


def _vector(name: str, values: object) -> np.ndarray:
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f'joint {name} reference is not made of numbers') from None
    if vector.shape != (JOINTS,):
        raise ValueError(
            f'joint {name} reference has shape {list(vector.shape)}, must be [{JOINTS}]'
        )
    if not np.isfinite(vector).all():
        raise ValueError(f'joint {name} reference is not finite')
    return vector
