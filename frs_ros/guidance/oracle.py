# SPDX-License-Identifier: Apache-2.0
"""Guidance from privileged simulator state: an upper bound for what a person or a model can say.

Everything made here carries the source 'oracle', because no robot has this information.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.guidance.coarse import diagonal
from frs_ros.guidance.guidance import Guidance
from frs_ros.types import ObjectPose, PrivilegedScene

SOURCE = 'oracle'


@dataclass(frozen=True)
class OracleSettings:
    """Distances in metres at which the oracle changes its mind.

    Attributes:
        lifted: Target this much above its rest counts as lifted.
        held_radius: ... and as held, if horizontally this close to the gripper.
        near_target: Horizontal distance at which to stop steering sideways and go down.
        near_destination: Horizontal distance at which to leave the release to the policy.
        descent_end: Height above the grasp at which to leave the grasp to the policy; a tall
            object's top is then still 2 cm below the fingers, so a hand that is a little aside
            does not land on it.
        carry_height: Gripper height above the target's rest, below which lifting goes on.
        tall: Objects taller than this are grasped near their top,
        grasp_below_top: ... this far below it; lower ones at their origin.
    """

    lifted: float = 0.025
    held_radius: float = 0.05
    near_target: float = 0.04
    near_destination: float = 0.05
    descent_end: float = 0.055
    carry_height: float = 0.12
    tall: float = 0.05
    grasp_below_top: float = 0.035


def oracle_guidance(
    scene: PrivilegedScene,
    magnitude: float = 1.0,
    settings: OracleSettings = OracleSettings(),
    coarse: Callable[[np.ndarray], np.ndarray] = diagonal,
) -> Guidance:
    """One coarse direction for the phase the scene is in, or deferral to the policy.

    Reaching: sideways to the target, then straight down, then defer. Holding: defer while lifting,
    sideways to the destination, then defer. Deferring in the fine phases is what makes steering
    work at all: without it nothing is ever grasped.

    Args:
        scene: Privileged state; ConfigError if it lacks the target or the destination.
        magnitude: Speed of the wish, in [0, 1].
        settings: Thresholds.
        coarse: Reduces the horizontal offset [2] to a direction [3]: `diagonal` or `dominant`.
    """
    target = _object(scene, scene.target)
    destination = _object(scene, scene.destination)
    if is_held(scene, settings):
        direction = _carry(scene.gripper, target, destination, settings, coarse)
    else:
        direction = _reach(scene.gripper, target, settings, coarse)
    if direction is None:
        return Guidance(defer=True, source=SOURCE, stamp_ns=scene.stamp_ns)
    return Guidance(
        direction=direction, magnitude=magnitude, source=SOURCE, stamp_ns=scene.stamp_ns
    )


def is_held(scene: PrivilegedScene, settings: OracleSettings = OracleSettings()) -> bool:
    """Whether the target is in the gripper, judged by where both are."""
    target = _object(scene, scene.target)
    lifted = target.position[2] > target.rest_height + settings.lifted
    aside = np.linalg.norm((target.position - scene.gripper)[:2])
    return bool(lifted and aside < settings.held_radius)


def _reach(
    gripper: np.ndarray,
    target: ObjectPose,
    settings: OracleSettings,
    coarse: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray | None:
    offset = (target.position - gripper)[:2]
    if np.linalg.norm(offset) > settings.near_target:
        return coarse(offset)
    if gripper[2] - _grasp_height(target, settings) > settings.descent_end:
        return np.array([0.0, 0.0, -1.0])
    return None


def _carry(
    gripper: np.ndarray,
    target: ObjectPose,
    destination: ObjectPose,
    settings: OracleSettings,
    coarse: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray | None:
    if gripper[2] < target.rest_height + settings.carry_height:
        return None
    offset = (destination.position - gripper)[:2]
    return coarse(offset) if np.linalg.norm(offset) > settings.near_destination else None


def _grasp_height(target: ObjectPose, settings: OracleSettings) -> float:
    """Height at which the fingers should close, m; the body origin is the object's centre."""
    height = float(target.extent[2])
    above_centre = height / 2 - settings.grasp_below_top if height > settings.tall else 0.0
    return float(target.position[2]) + above_centre


def _object(scene: PrivilegedScene, name: str) -> ObjectPose:
    if name not in scene.objects:
        known = ', '.join(sorted(scene.objects))
        raise ConfigError(f"the scene has no object '{name}'; it has: {known}")
    return scene.objects[name]
