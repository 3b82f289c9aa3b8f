# SPDX-License-Identifier: Apache-2.0
"""Guidance along the axes of the tool or of a camera, turned into the axes of the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.cameras.pinhole import Pinhole
from frs_ros.errors import ConfigError
from frs_ros.messages.any_guidance import GuidanceError
from frs_ros.messages.guidance import BASE, Guidance
from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.text import shown
from frs_ros.types import CARTESIAN_DELTA, Observation

TOOL = 'tool'  # z the way the fingers point, y the way in which they close

_MARGIN = 1e-3  # of axes written by hand
_JOINTS = 7


@dataclass(frozen=True)
class CameraAxes:
    """Where a camera looks, told by what its image shows.

    Attributes:
        axes: [3, 3] orthogonal; its columns are the image's right, its down, and the way into
            the image, along the axes of the parent. For a mirrored image, as policies see
            LIBERO, the determinant is -1: right in the image is left of the camera.
        parent: What the camera is mounted to: 'base' for one that stands, or 'tool'.
    """

    axes: np.ndarray
    parent: str = BASE

    def __post_init__(self) -> None:
        axes = np.array(self.axes, dtype=np.float64)
        if axes.shape != (3, 3) or not np.allclose(axes.T @ axes, np.eye(3), atol=_MARGIN):
            raise ConfigError('the axes of a camera must be 3 x 3 and orthogonal')
        if self.parent not in (BASE, TOOL):
            parent = shown(self.parent)
            raise ConfigError(f"a camera is mounted to 'base' or 'tool', not to {parent}")
        before, _, after = np.linalg.svd(axes)
        axes = before @ after  # the nearest exact one: guidance must not grow
        axes.setflags(write=False)
        object.__setattr__(self, 'axes', axes)


def camera_axes(camera: Pinhole) -> CameraAxes:
    """The axes of a camera that stands, from its pose and its (possibly mirroring) matrix."""
    (across, _, _), (_, down, _), _ = camera.matrix
    return CameraAxes(camera.rotation * np.sign([across, down, 1.0]))


def in_base(
    guidance: Guidance,
    observation: Observation,
    space: str,
    cameras: Mapping[str, CameraAxes],
    kinematics: Kinematics | None = None,
) -> Guidance:
    """The same guidance along the axes of the base, for the pose of the tool in the observation.

    A direction d becomes F d with the axes F of the frame, a rotation r becomes det(F) F r: seen
    in a mirror, turning goes the other way.

    Args:
        guidance: The guidance.
        observation: Its state tells how the tool is turned.
        space: Of the policy's actions; it says what the state is, see `Observation.state`.
        cameras: Axes of the cameras by name.
        kinematics: Of the arm, for policies in joint space.

    Raises:
        GuidanceError: The frame is none that is known, or the state has no such pose.
    """
    if guidance.frame == BASE:
        return guidance
    axes = _axes(guidance.frame, observation, space, cameras, kinematics)
    return replace(
        guidance,
        direction=axes @ guidance.direction,
        rotation=round(float(np.linalg.det(axes))) * axes @ guidance.rotation,
        frame=BASE,
    )


def _axes(
    frame: str,
    observation: Observation,
    space: str,
    cameras: Mapping[str, CameraAxes],
    kinematics: Kinematics | None,
) -> np.ndarray:
    """[3, 3] the frame's axes along those of the base, as columns."""
    if frame == TOOL:
        return tool_pose(observation, space, kinematics)[:3, :3]
    if frame not in cameras:
        known = ', '.join([BASE, TOOL, *sorted(cameras)])
        raise GuidanceError(f"guidance is in frame '{frame}'; known are: {known}")
    camera = cameras[frame]
    if camera.parent == BASE:
        return camera.axes
    parent = _axes(camera.parent, observation, space, cameras, kinematics)
    return np.asarray(parent @ camera.axes)


def tool_pose(
    observation: Observation, space: str, kinematics: Kinematics | None = None
) -> np.ndarray:
    """[4, 4] pose of the tool in the base (in LIBERO: in the world), m, from the state.

    Raises:
        GuidanceError: The state does not tell it.
    """
    state = np.asarray(observation.state, dtype=np.float64)
    needed = 6 if space == CARTESIAN_DELTA else _JOINTS
    if state.ndim != 1 or state.size < needed or not np.isfinite(state[:needed]).all():
        raise GuidanceError(
            f'the pose of the tool needs {needed} finite numbers of state, not {state}'
        )
    if space == CARTESIAN_DELTA:
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation_matrices(state[3:6]), state[:3]
        return pose
    if kinematics is None:
        raise GuidanceError(f"the pose of the tool needs the arm's kinematics in '{space}'")
    return np.asarray(kinematics.pose(state[:_JOINTS]))
