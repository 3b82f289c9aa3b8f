# SPDX-License-Identifier: Apache-2.0
"""Guidance from privileged simulator state: an upper bound for what a person or a model can say.

Everything made here carries the source 'oracle', because no robot has this information.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.guidance.coarse import diagonal
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.types import ObjectPose, PrivilegedScene

SOURCE = 'oracle'
DOWN = np.array([0.0, 0.0, -1.0])
UP = -DOWN


@dataclass(frozen=True)
class OracleSettings:
    """Distances in metres at which the oracle changes its mind.

    Attributes:
        lifted: Target this much above its rest counts as lifted.
        held_radius: ... and as held, if horizontally this close to the gripper, or
        beside_rim: ... this far outside of its own half width, for wide targets.
        near_target: Horizontal distance at which to stop steering sideways and go down.
        near_destination: Likewise with the target in the hand.
        slow_within: Horizontal distance below which to steer with `slow` of the magnitude, the
            paper's "less" against "more": at full speed a chunk travels about 6 cm.
        slow: Fraction of the magnitude.
        descent_end: Height above the grasp at which to leave the grasp to the policy; a tall
            object's top is then still 1 cm below the grasp site, so that a hand a little aside
            does not land on it.
        carry_height: Gripper height above the target's rest, below which lifting goes on; or
            below what the destination needs, if that is less.
        release_depth: Depth of the target's origin below the destination's top at which to leave
            the release to the policy.
        tall: Objects taller than this are grasped near their top,
        grasp_below_top: ... this far below it; lower ones at their origin.
    """

    lifted: float = 0.025
    held_radius: float = 0.05
    beside_rim: float = 0.015
    near_target: float = 0.03
    near_destination: float = 0.03
    slow_within: float = 0.08
    slow: float = 0.5
    descent_end: float = 0.045
    carry_height: float = 0.12
    release_depth: float = 0.02
    tall: float = 0.05
    grasp_below_top: float = 0.035


def oracle_guidance(
    scene: PrivilegedScene,
    magnitude: float = 1.0,
    settings: OracleSettings = OracleSettings(),
    coarse: Callable[[np.ndarray], np.ndarray] = diagonal,
) -> Guidance:
    """One coarse direction for the phase the scene is in, or deferral to the policy.

    Reaching, with an open hand: sideways to where the target is grasped, then straight down, then
    defer. Holding: defer while lifting, up as high as furniture needs, sideways to the
    destination, straight down into or onto it, then defer. Deferring
    in the fine phases is what makes steering work at all: without it nothing is ever grasped.

    Args:
        scene: Privileged state; ConfigError if it lacks the target or the destination.
        magnitude: Speed of the guidance, in [0, 1].
        settings: Thresholds.
        coarse: Reduces the horizontal offset [2] to a direction [3]: `diagonal` or `dominant`.
    """
    target = _object(scene, scene.target)
    destination = _object(scene, scene.destination)
    held = is_held(scene, settings)
    if held:
        # what is held by its rim is beside the hand
        at = scene.gripper if scene.reach is None else target.position
        offset = (destination.position - at)[:2]
        direction = _carry(scene, offset, target, destination, settings, coarse)
    else:
        grasp = _grasp(scene, target, settings)
        offset = (grasp - scene.gripper)[:2]
        direction = _reach(scene.gripper, offset, grasp, settings, coarse)
    if direction is None:
        return Guidance(defer=True, source=SOURCE, stamp_ns=scene.stamp_ns)
    close = np.linalg.norm(offset) < settings.slow_within and bool(np.any(direction[:2]))
    return Guidance(
        direction=direction,
        # a hand that has closed on nothing would never open by itself
        gripper=Gripper.POLICY if held else Gripper.OPEN,
        magnitude=magnitude * (settings.slow if close else 1.0),
        source=SOURCE,
        stamp_ns=scene.stamp_ns,
    )


def hesitating(guidance: Guidance, probability: float, rng: np.random.Generator) -> Guidance:
    """The guidance, or with this probability silence: an operator who lets go now and then.

    Episodes steered like that pass through more places, and show how to come back from them.

    Args:
        guidance: What would be said.
        probability: Of saying nothing.
        rng: Draws once, whatever comes of it.
    """
    return replace(guidance, defer=True) if rng.random() < probability else guidance


def is_held(scene: PrivilegedScene, settings: OracleSettings = OracleSettings()) -> bool:
    """Whether the target is in the gripper, judged by where both are."""
    target = _object(scene, scene.target)
    height = float(target.position[2])
    up = height > target.rest_height + settings.lifted
    # from furniture down to where it is let go
    down = scene.release_height < height < target.rest_height - settings.lifted
    aside = float(np.linalg.norm((target.position - scene.gripper)[:2]))
    near = settings.held_radius
    if scene.reach is not None:
        near = max(near, float(target.extent[:2].max()) / 2 + settings.beside_rim)
    return bool((up or down) and aside < near)


def _reach(
    gripper: np.ndarray,
    offset: np.ndarray,
    grasp: np.ndarray,
    settings: OracleSettings,
    coarse: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray | None:
    if np.linalg.norm(offset) > settings.near_target:
        return coarse(offset)
    above = gripper[2] - grasp[2]
    return DOWN if above > settings.descent_end else None


def _carry(
    scene: PrivilegedScene,
    offset: np.ndarray,
    target: ObjectPose,
    destination: ObjectPose,
    settings: OracleSettings,
    coarse: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray | None:
    if np.linalg.norm(offset) > settings.near_destination:
        height = float(scene.gripper[2])
        lifting = target.rest_height + settings.carry_height
        if height < np.fmin(lifting, scene.carry_height):
            return None
        return UP if height < scene.carry_height else coarse(offset)
    top = destination.position[2] + destination.extent[2]
    release = top - settings.release_depth
    if not np.isnan(scene.release_height):
        release = scene.release_height
    return DOWN if target.position[2] > release else None


def _grasp(scene: PrivilegedScene, target: ObjectPose, settings: OracleSettings) -> np.ndarray:
    """[3] m where the fingers should close; the body origin is the object's centre."""
    if scene.reach is not None:
        return scene.reach
    height = float(target.extent[2])
    above_centre = height / 2 - settings.grasp_below_top if height > settings.tall else 0.0
    return np.asarray(target.position + np.array([0.0, 0.0, above_centre]))


def _object(scene: PrivilegedScene, name: str) -> ObjectPose:
    if name not in scene.objects:
        known = ', '.join(sorted(scene.objects))
        raise ConfigError(f"the scene has no object '{name}'; it has: {known}")
    return scene.objects[name]
