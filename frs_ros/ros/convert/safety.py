# SPDX-License-Identifier: Apache-2.0
"""Status of the controller -> frs_ros/SafetyStatus."""

from __future__ import annotations

from frs_ros.msg import SafetyStatus
from frs_ros.robot.status import Status
from frs_ros.ros import stamps


def status_to_msg(status: Status, stamp_ns: int) -> SafetyStatus:
    """Message of what an operator is shown."""
    return SafetyStatus(
        header=stamps.header(stamp_ns),
        state=status.state.value,
        reason=status.reason,
        resume=status.resume,
        fault=status.fault,
        clipped_by=list(status.clipped_by),
        commands=status.commands,
        clipped=status.clipped,
        chunks=status.chunks,
        refused=status.refused,
        holds=status.holds,
        stops=status.stops,
        request_id=status.request_id,
        chunk_to_command=status.chunk_to_command,
        command_success_rate=status.command_success_rate,
    )
