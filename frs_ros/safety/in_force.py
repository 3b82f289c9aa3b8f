# SPDX-License-Identifier: Apache-2.0
"""All limits of one robot in one lab."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.limits import JointLimits
from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.joint_margin import JointMargin
from frs_ros.safety.joint_velocity import JointVelocityLimit
from frs_ros.safety.jump import JumpLimit
from frs_ros.safety.links import LinkLimit
from frs_ros.safety.settings import EnvelopeSettings
from frs_ros.safety.smoothing import TOOL_LEVER, deviation
from frs_ros.safety.tool_speed import ToolSpeedLimit
from frs_ros.safety.workspace import WorkspaceLimit


@dataclass(frozen=True)
class LimitsInForce:
    """The narrower of the robot's and the lab's, one attribute each; see their classes."""

    kinematics: Kinematics
    acceleration: AccelerationLimit
    joint_velocity: JointVelocityLimit
    joint_margin: JointMargin
    jump: JumpLimit
    tool_speed: ToolSpeedLimit
    workspace: WorkspaceLimit
    links: LinkLimit

    @classmethod
    def of(
        cls,
        limits: JointLimits,
        kinematics: Kinematics,
        settings: EnvelopeSettings,
        smoothing: float = 0.0,
    ) -> LimitsInForce:
        """Those of a robot model, its kinematics, the lab's settings and a driver's smoothing."""
        acceleration = AccelerationLimit(
            np.minimum(settings.acceleration, settings.share * limits.acceleration)
        )
        off = deviation(acceleration.maximum, smoothing)
        keep = settings.clearance
        pairs = () if keep is None else kinematics.pairs(keep)
        return cls(
            kinematics=kinematics,
            acceleration=acceleration,
            joint_velocity=JointVelocityLimit(limits, settings.joint_speed, settings.share),
            joint_margin=JointMargin(limits, settings.joint_margin, acceleration),
            jump=JumpLimit(settings.jump, acceleration),
            tool_speed=ToolSpeedLimit(settings.tool_speed, settings.tool_rotation),
            workspace=WorkspaceLimit(settings.box, settings.tool_speed, float(TOOL_LEVER @ off)),
            links=LinkLimit(pairs, off),
        )
