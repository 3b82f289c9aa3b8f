# SPDX-License-Identifier: Apache-2.0
"""Guidance <-> frs_ros/Guidance."""

from __future__ import annotations

from frs_ros.errors import ConfigError, DataError
from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.messages.guidance import BASE, Gripper, Guidance
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import finite, text


def guidance_to_msg(guidance: Guidance) -> GuidanceMsg:
    """Message with the guidance's own stamp and frame; DataError if not finite."""
    return GuidanceMsg(
        header=stamps.header(guidance.stamp_ns, guidance.frame),
        source=guidance.source,
        enabled=bool(guidance.enabled),
        defer=bool(guidance.defer),
        direction=finite('Guidance.direction', guidance.direction, (3,)),
        rotation=finite('Guidance.rotation', guidance.rotation, (3,)),
        gripper=int(guidance.gripper),
        magnitude=float(guidance.magnitude),
    )


def any_guidance_to_msg(given: AnyGuidance | None) -> GuidanceMsg:
    """Message of any guidance: of a path or a chunk only its source and stamp."""
    if given is None:
        return guidance_to_msg(Guidance(enabled=False))
    if isinstance(given, Guidance):
        return guidance_to_msg(given)
    return guidance_to_msg(Guidance(source=given.source, stamp_ns=given.stamp_ns))


def guidance_from_msg(msg: GuidanceMsg) -> Guidance:
    """The guidance a message carries; an empty frame is the base's.

    Raises:
        DataError: If a number is not finite, the magnitude is outside [0, 1], the rotation is
            longer than 1, or the gripper command is not one of GRIPPER_*. Which frames there are
            is known where the plan is made.
    """
    text('Guidance.source', msg.source)
    text('Guidance.header.frame_id', msg.header.frame_id)
    magnitude = float(finite('Guidance.magnitude', msg.magnitude))
    if not 0.0 <= magnitude <= 1.0:
        raise DataError(f'Guidance.magnitude is {magnitude}; it must be within [0, 1]')
    if msg.gripper not in set(Gripper):
        raise DataError(f'Guidance.gripper is {msg.gripper}; it must be one of GRIPPER_*')
    try:
        return Guidance(
            direction=finite('Guidance.direction', msg.direction, (3,)),
            rotation=finite('Guidance.rotation', msg.rotation, (3,)),
            gripper=Gripper(msg.gripper),
            magnitude=magnitude,
            enabled=msg.enabled,
            defer=msg.defer,
            source=msg.source,
            stamp_ns=stamps.to_ns(msg.header.stamp),
            frame=msg.header.frame_id or BASE,
        )
    except ConfigError as error:
        raise DataError(f'Guidance: {error}') from error
