# SPDX-License-Identifier: Apache-2.0
"""Guidance <-> frs_ros/Guidance."""

from __future__ import annotations

from frs_ros.errors import DataError
from frs_ros.guidance.guidance import Gripper, Guidance
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import finite

FRAME = 'base'


def guidance_to_msg(guidance: Guidance) -> GuidanceMsg:
    """Message with the guidance's own stamp, in the base frame; DataError if not finite."""
    return GuidanceMsg(
        header=stamps.header(guidance.stamp_ns, FRAME),
        source=guidance.source,
        enabled=bool(guidance.enabled),
        defer=bool(guidance.defer),
        direction=finite('Guidance.direction', guidance.direction, (3,)),
        rotation=finite('Guidance.rotation', guidance.rotation, (3,)),
        gripper=int(guidance.gripper),
        magnitude=float(guidance.magnitude),
    )


def guidance_from_msg(msg: GuidanceMsg) -> Guidance:
    """The wish a message carries.

    Raises:
        DataError: If a number is not finite, the magnitude is outside [0, 1], the gripper wish is
            not one of GRIPPER_*, or the frame is neither empty nor 'base'.
    """
    magnitude = float(finite('Guidance.magnitude', msg.magnitude))
    if not 0.0 <= magnitude <= 1.0:
        raise DataError(f'Guidance.magnitude is {magnitude}; it must be within [0, 1]')
    if msg.gripper not in set(Gripper):
        raise DataError(f'Guidance.gripper is {msg.gripper}; it must be one of GRIPPER_*')
    if msg.header.frame_id not in ('', FRAME):
        raise DataError(f"Guidance is in frame '{msg.header.frame_id}'; only '{FRAME}' is known")
    return Guidance(
        direction=finite('Guidance.direction', msg.direction, (3,)),
        rotation=finite('Guidance.rotation', msg.rotation, (3,)),
        gripper=Gripper(msg.gripper),
        magnitude=magnitude,
        enabled=msg.enabled,
        defer=msg.defer,
        source=msg.source,
        stamp_ns=stamps.to_ns(msg.header.stamp),
    )
