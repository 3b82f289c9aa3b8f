# SPDX-License-Identifier: Apache-2.0
"""Finds, in a stream of stamped values, those that belong to given stamps. Memory is bounded.

Values and stamps asked for may arrive in any order within a second or so; which value belongs to
a stamp is decided when nothing more is to be expected, so that the order does not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from frs_ros.errors import DataError
from frs_ros.serving import seen
from frs_ros.serving.seen import Arrived

NS = 1_000_000_000
LATENESS_NS = NS  # how much later than a request a value that belongs to it may arrive
KEPT_NS = 5 * NS // 2  # how long values are kept that nobody has asked for yet
KEPT_MOST = 2000  # in a recording whose times stand still
KEPT_COUNT = 4  # and so many are kept in any case: a lockstep graph stands still while it plans


class Matcher:
    """One stream and the stamps asked for.

    The value of a stamp is the one with exactly this stamp (lockstep), else what the policy server
    saw: the newest of those that had been received when the plan was asked for, see `seen.newest`.
    None beyond the tolerance.

    Args:
        tolerance_ns: Largest distance of stamps.
        prepare: Applied once to every value that is found, such as a decoder; a DataError of it
            makes the value missing.

    Attributes:
        unreadable: Values that `prepare` refused.
        found: Values that were found.
        ahead: Of these, values whose clock was ahead of that of the request.
        most_ahead_ns: By how much at most.
    """

    def __init__(self, tolerance_ns: int, prepare: Callable[[Any], Any] = lambda v: v) -> None:
        self._tolerance_ns, self._prepare = tolerance_ns, prepare
        self._values: deque[tuple[int, Arrived]] = deque()  # with the time of `add`
        self._wanted: dict[int, int] = {}  # stamp -> when it was asked for first
        self._asked: dict[int, int] = {}  # stamp -> when its request was received
        self._found: dict[int, Any] = {}
        self._inexact: set[int] = set()  # found, but with another stamp
        self.unreadable = self.found = self.ahead = self.most_ahead_ns = 0

    def add(
        self, received_ns: int, stamp_ns: int, value: Any, arrived_ns: int | None = None
    ) -> None:
        """Takes a value in.

        Args:
            received_ns: Now.
            stamp_ns: Its stamp.
            value: The value.
            arrived_ns: When it arrived, as `asked_ns` of `want` tells; None for now.
        """
        arrived = Arrived(received_ns if arrived_ns is None else arrived_ns, stamp_ns, value)
        self._values.append((received_ns, arrived))
        if stamp_ns in self._inexact:  # what was asked for comes after all, or again
            self._decide(stamp_ns)
        self._settle(received_ns)

    def want(self, received_ns: int, stamp_ns: int, asked_ns: int | None = None) -> None:
        """Asks for the value of a stamp.

        Args:
            received_ns: Now.
            stamp_ns: The stamp.
            asked_ns: When the request for a plan was received that has it; None if unknown.
        """
        if asked_ns is not None:
            self._asked.setdefault(stamp_ns, asked_ns)
        if stamp_ns not in self._found:
            self._wanted.setdefault(stamp_ns, received_ns)

    def take(self, stamp_ns: int) -> Any | None:
        """The value of a stamp, None if there is none within the tolerance. Forgets it."""
        self._wanted.pop(stamp_ns, None)
        if stamp_ns not in self._found:
            self._decide(stamp_ns)
        self._inexact.discard(stamp_ns)
        self._asked.pop(stamp_ns, None)
        return self._found.pop(stamp_ns, None)

    def _settle(self, now_ns: int) -> None:
        # a clock that jumps makes what was received before look old, in either direction
        while self._wanted:
            stamp_ns, asked_ns = next(iter(self._wanted.items()))
            if abs(now_ns - asked_ns) <= LATENESS_NS:
                break
            del self._wanted[stamp_ns]
            self._decide(stamp_ns)
        while len(self._values) > KEPT_COUNT:
            added_ns, oldest = self._values[0]
            if abs(now_ns - added_ns) <= KEPT_NS and len(self._values) <= KEPT_MOST:
                break
            self._last_chance(oldest)
            self._values.popleft()

    def _last_chance(self, oldest: Arrived) -> None:
        """Decides on stamps that a value would be the right one of, before it is forgotten."""
        for stamp_ns in list(self._wanted):
            near = abs(stamp_ns - oldest.stamp_ns) <= self._tolerance_ns
            if near and self._nearest(stamp_ns) is oldest:
                del self._wanted[stamp_ns]
                self._decide(stamp_ns)

    def _decide(self, stamp_ns: int) -> None:
        """Finds the value of a stamp; without one the stamp may be asked for again."""
        value = self._nearest(stamp_ns)
        if value is None:
            return
        self.found += 1
        ahead_ns = seen.ahead_ns(value, stamp_ns, self._asked.get(stamp_ns))
        self.ahead += ahead_ns > 0
        self.most_ahead_ns = max(self.most_ahead_ns, ahead_ns)
        try:
            self._found[stamp_ns] = self._prepare(value.value)
        except (DataError, AttributeError, TypeError, ValueError):  # perhaps of another type
            self.unreadable += 1
            self._found[stamp_ns] = None
        exact = value.stamp_ns == stamp_ns
        (self._inexact.discard if exact else self._inexact.add)(stamp_ns)

    def _nearest(self, stamp_ns: int) -> Arrived | None:
        values = [arrived for _, arrived in self._values]
        found = seen.exact(values, stamp_ns)
        if found is not None:
            return found
        return seen.newest(values, stamp_ns, self._asked.get(stamp_ns), self._tolerance_ns)
