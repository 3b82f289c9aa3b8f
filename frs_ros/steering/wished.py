# SPDX-License-Identifier: Apache-2.0
"""Which action dimensions a wish is about."""

from __future__ import annotations

from frs_ros.arm.units import JOINTS
from frs_ros.guidance.references.direction import GRIPPER, ROTATION, TRANSLATION, dimensions
from frs_ros.messages.wish import Part, Wish
from frs_ros.types import CARTESIAN_DELTA, ActionSpec

_CARTESIAN = {Part.TRANSLATION: TRANSLATION, Part.ROTATION: ROTATION}


def wished(guidance: Wish, spec: ActionSpec) -> list[int]:
    """Positions of the dimensions that an active wish speaks of.

    In joint space every joint is needed for a motion of the tool.
    """
    names: list[str] = []
    if spec.space == CARTESIAN_DELTA:
        names += [n for part, group in _CARTESIAN.items() if part in guidance.parts for n in group]
    elif guidance.parts - {Part.GRIPPER}:
        names += JOINTS
    if Part.GRIPPER in guidance.parts:
        names.append(GRIPPER)
    return dimensions(spec, *names)
