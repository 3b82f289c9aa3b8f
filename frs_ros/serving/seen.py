# SPDX-License-Identifier: Apache-2.0
"""Which image, or robot state, a plan saw: one rule for the policy server and for recordings.

The server plans from what has arrived, so arrival decides, not the stamps of clocks that may be
wrong: a camera whose clock is ahead stamps images later than the request that they precede.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

NOTEWORTHY_NS = 20_000_000  # by which a clock may be ahead without a word


class Arrived(NamedTuple):
    """A value that was received.

    Attributes:
        received_ns: When, on a clock that is the same for all values and requests.
        stamp_ns: Its header.stamp.
        value: The value.
    """

    received_ns: int
    stamp_ns: int
    value: Any


def exact(values: Iterable[Arrived], stamp_ns: int) -> Arrived | None:
    """The value with the stamp of the request, as in lockstep; of several the last one."""
    return max((v for v in values if v.stamp_ns == stamp_ns), key=_received, default=None)


def newest(
    values: Iterable[Arrived], stamp_ns: int, asked_ns: int | None, tolerance_ns: float = math.inf
) -> Arrived | None:
    """The value that was the newest when the request came; without one the first that came later.

    Args:
        values: In any order.
        stamp_ns: Stamp of the request.
        asked_ns: When it was received; None if that is not known: then stamps have to do.
        tolerance_ns: Values whose stamps are farther from that of the request are not used.
    """
    near = [v for v in values if abs(stamp_ns - v.stamp_ns) <= tolerance_ns]
    if asked_ns is None or len({v.received_ns for v in near} | {asked_ns}) == 1:
        before = [v for v in near if v.stamp_ns <= stamp_ns]
        after = [v for v in near if v.stamp_ns > stamp_ns]
        return max(before, key=_stamp) if before else min(after, key=_stamp, default=None)
    before = [v for v in near if v.received_ns <= asked_ns]
    after = [v for v in near if v.received_ns > asked_ns]
    return max(before, key=_received) if before else min(after, key=_received, default=None)


def ahead_ns(found: Arrived, stamp_ns: int, asked_ns: int | None) -> int:
    """By how much at least the clock of a value is ahead of that of the request; 0 if it may fit.

    What arrived before a request cannot have been taken after it.
    """
    if asked_ns is None or found.received_ns >= asked_ns:
        return 0
    return max(0, found.stamp_ns - stamp_ns)


def _received(value: Arrived) -> int:
    return value.received_ns


def _stamp(value: Arrived) -> int:
    return value.stamp_ns
