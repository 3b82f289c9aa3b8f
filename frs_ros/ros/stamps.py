# SPDX-License-Identifier: Apache-2.0
"""Nanoseconds <-> message stamps, exactly."""

from __future__ import annotations

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

_NS = 1_000_000_000


def to_time(stamp_ns: int) -> Time:
    """Nanoseconds since the clock's epoch as a message stamp; ValueError if out of its range."""
    seconds, nanoseconds = divmod(int(stamp_ns), _NS)
    if not 0 <= seconds < 2**31:
        raise ValueError(f'stamp {stamp_ns} ns does not fit a message stamp')
    return Time(sec=seconds, nanosec=nanoseconds)


def to_ns(stamp: Time) -> int:
    """Message stamp as nanoseconds."""
    return int(stamp.sec * _NS + stamp.nanosec)


def header(stamp_ns: int, frame: str = '') -> Header:
    """Header with this stamp in nanoseconds and frame."""
    return Header(stamp=to_time(stamp_ns), frame_id=frame)
