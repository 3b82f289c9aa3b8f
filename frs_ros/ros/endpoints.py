# SPDX-License-Identifier: Apache-2.0
"""Quality of service of publishers that are not ours: what fits them, and how bags write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

_SECOND = 10**9


def fitting(offered: Sequence[QoSProfile], depth: int) -> QoSProfile:
    """The strictest profile that hears all of these publishers."""
    reliable = all(p.reliability == ReliabilityPolicy.RELIABLE for p in offered)
    latched = all(p.durability == DurabilityPolicy.TRANSIENT_LOCAL for p in offered)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def same(one: QoSProfile, other: QoSProfile) -> bool:
    """Whether two profiles hear the same publishers."""
    return (one.reliability, one.durability) == (other.reliability, other.durability)


def for_bag(profile: QoSProfile) -> dict[str, Any]:
    """A publisher's profile as in rosbag2's metadata version 9."""
    return {
        'history': profile.history.name.lower(),
        'depth': profile.depth,
        'reliability': profile.reliability.name.lower(),
        'durability': profile.durability.name.lower(),
        'deadline': _time(profile.deadline),
        'lifespan': _time(profile.lifespan),
        'liveliness': profile.liveliness.name.lower(),
        'liveliness_lease_duration': _time(profile.liveliness_lease_duration),
        'avoid_ros_namespace_conventions': profile.avoid_ros_namespace_conventions,
    }


def _time(duration: Duration) -> dict[str, int]:
    sec, nsec = divmod(duration.nanoseconds, _SECOND)
    return {'sec': sec, 'nsec': nsec}
