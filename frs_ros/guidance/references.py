# SPDX-License-Identifier: Apache-2.0
"""How wishes are written for a policy, by the space of its actions."""

from __future__ import annotations

from functools import partial

from frs_ros.errors import ConfigError
from frs_ros.guidance.joint_reference import (
    delta_reference,
    position_reference,
    velocity_reference,
)
from frs_ros.guidance.reference import ReferenceWriter, reference_chunk
from frs_ros.robot.kinematics import Kinematics
from frs_ros.types import (
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
)

_THROUGH_KINEMATICS = {
    JOINT_DELTA: delta_reference,
    JOINT_POSITION: position_reference,
    JOINT_VELOCITY: velocity_reference,
}


def reference_writer(spec: ActionSpec, kinematics: Kinematics | None = None) -> ReferenceWriter:
    """What writes wishes for policies of this spec.

    Args:
        spec: Of the policy.
        kinematics: Of the arm; Cartesian policies do without.

    Raises:
        ConfigError: The policy acts in joint space and there are no kinematics.
    """
    if spec.space == CARTESIAN_DELTA:
        return reference_chunk
    if kinematics is None:
        raise ConfigError(f"guiding a policy in '{spec.space}' needs the kinematics of the arm")
    return partial(_THROUGH_KINEMATICS[spec.space], kinematics)


def robot_reference(spec: ActionSpec, robot: str) -> ReferenceWriter:
    """What writes wishes for policies of this spec on a robot, 'fr3' or 'panda'.

    Raises:
        ConfigError: There is no such robot.
        DependencyError: The kinematics that joint space needs are not installed.
    """
    if spec.space == CARTESIAN_DELTA:
        return reference_chunk
    from frs_ros.robot.kinematics import PinocchioKinematics
    from frs_ros.robot.models import arm_model

    return reference_writer(spec, PinocchioKinematics.of_model(arm_model(robot)))
