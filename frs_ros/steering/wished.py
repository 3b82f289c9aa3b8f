# SPDX-License-Identifier: Apache-2.0
"""Which action dimensions a wish is about."""

from __future__ import annotations

import numpy as np

from frs_ros.guidance.guidance import Gripper, Guidance
from frs_ros.guidance.reference import GRIPPER, ROTATION, TRANSLATION, dimensions
from frs_ros.guidance.units import JOINTS
from frs_ros.types import CARTESIAN_DELTA, ActionSpec


def wished(guidance: Guidance, spec: ActionSpec) -> list[int]:
    """Positions of the dimensions that an active guidance speaks of.

    In joint space every joint is needed for a motion of the tool.
    """
    names: list[str] = []
    if spec.space == CARTESIAN_DELTA:
        names += TRANSLATION if np.any(guidance.direction) else ()
        names += ROTATION if np.any(guidance.rotation) else ()
    elif np.any(guidance.direction) or np.any(guidance.rotation):
        names += JOINTS
    if guidance.gripper != Gripper.POLICY:
        names.append(GRIPPER)
    return dimensions(spec, *names)
