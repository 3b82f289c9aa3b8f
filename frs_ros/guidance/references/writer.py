# SPDX-License-Identifier: Apache-2.0
"""How guidance of every kind is written for a policy, by the space of its actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frs_ros.arm.kinematics import Kinematics
from frs_ros.errors import ConfigError
from frs_ros.guidance.chunk import GivenChunk, chunk_reference
from frs_ros.guidance.path import Path
from frs_ros.guidance.references.direction import guidance_reference
from frs_ros.guidance.references.frames import CameraAxes, in_base
from frs_ros.guidance.references.joints import (
    delta_reference,
    position_reference,
    velocity_reference,
)
from frs_ros.guidance.references.path import path_reference
from frs_ros.messages.any_guidance import AnyGuidance, GuidanceError
from frs_ros.messages.guidance import Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import (
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

_THROUGH_KINEMATICS = {
    JOINT_DELTA: delta_reference,
    JOINT_POSITION: position_reference,
    JOINT_VELOCITY: velocity_reference,
}


@dataclass(frozen=True)
class References:
    """Writes guidance as a chunk [1, H, D] in model space; a `direction.ReferenceWriter`.

    Attributes:
        kinematics: Of the arm; Cartesian policies do without.
        cameras: Axes of the cameras that guidance may be given in, by name.
        gain: Share of a commanded step that the arm really goes, for paths; None for
            `path_reference.GAINS`.
    """

    kinematics: Kinematics | None = None
    cameras: Mapping[str, CameraAxes] = field(default_factory=dict)
    gain: float | None = None

    def __call__(self, given: AnyGuidance, policy: FlowPolicy, observation: Observation) -> Any:
        """The chunk that does what the guidance says and nothing else.

        Raises:
            GuidanceError: This policy, arm or set of cameras cannot follow the guidance.
        """
        if isinstance(given, Guidance):
            return self._guidance(given, policy, observation)
        if isinstance(given, Path):
            return path_reference(given, policy, observation, self.kinematics, self.gain)
        if isinstance(given, GivenChunk):
            return chunk_reference(given, policy, observation)
        raise GuidanceError(f'unsupported type of guidance: {type(given).__name__}')

    def _guidance(self, guidance: Guidance, policy: FlowPolicy, observation: Observation) -> Any:
        space = policy.spec.space
        given = in_base(guidance, observation, space, self.cameras, self.kinematics)
        if space == CARTESIAN_DELTA:
            return guidance_reference(given, policy, observation)
        if self.kinematics is None:
            raise GuidanceError(_NO_KINEMATICS.format(space))
        return _THROUGH_KINEMATICS[space](self.kinematics, given, policy, observation)


_NO_KINEMATICS = "guiding a policy in '{}' needs the kinematics of the arm"

# For policies in Cartesian space, guided along the axes of base and tool.
reference_chunk = References()


def reference_writer(
    spec: ActionSpec,
    kinematics: Kinematics | None = None,
    cameras: Mapping[str, CameraAxes] | None = None,
    gain: float | None = None,
) -> References:
    """What writes guidance for policies of this spec.

    Args:
        spec: Of the policy.
        kinematics: Of the arm; Cartesian policies do without.
        cameras: See `References`.
        gain: See `References`.

    Raises:
        ConfigError: The policy acts in joint space and there are no kinematics.
    """
    if spec.space != CARTESIAN_DELTA and kinematics is None:
        raise ConfigError(_NO_KINEMATICS.format(spec.space))
    return References(kinematics, cameras or {}, gain)


def robot_reference(
    spec: ActionSpec,
    robot: str,
    cameras: Mapping[str, CameraAxes] | None = None,
    gain: float | None = None,
) -> References:
    """What writes guidance for policies of this spec on a robot, 'fr3' or 'panda'.

    Raises:
        ConfigError: There is no such robot.
        DependencyError: The kinematics that joint space needs are not installed.
    """
    if spec.space == CARTESIAN_DELTA:
        return reference_writer(spec, cameras=cameras, gain=gain)
    from frs_ros.arm.kinematics import PinocchioKinematics
    from frs_ros.arm.models import arm_model

    kinematics = PinocchioKinematics.of_model(arm_model(robot))
    return reference_writer(spec, kinematics, cameras, gain)
