# SPDX-License-Identifier: Apache-2.0
"""Finds, in a stream of stamped values, those that belong to given stamps. Memory is bounded.

Values and stamps asked for may arrive in any order within a second or so; which value belongs to
a stamp is decided when nothing more is to be expected, so that the order does not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from frs_ros.errors import DataError

NS = 1_000_000_000
LATENESS_NS = NS  # how much later than a request a value that belongs to it may arrive
KEPT_NS = 5 * NS // 2  # how long values are kept that nobody has asked for yet
KEPT_COUNT = 4  # and so many are kept in any case: a lockstep graph stands still while it plans


class _Value(NamedTuple):
    received_ns: int
    stamp_ns: int
    value: Any


class Matcher:
    """One stream and the stamps asked for.

    The value of a stamp is the one with exactly this stamp; else the newest before it, for a
    policy cannot see what comes later; else the earliest after it. None beyond the tolerance.

    Args:
        tolerance_ns: Largest distance of stamps.
        prepare: Applied once to every value that is found, such as a decoder; a DataError of it
            makes the value missing.
    """

    def __init__(self, tolerance_ns: int, prepare: Callable[[Any], Any] = lambda v: v) -> None:
        self._tolerance_ns, self._prepare = tolerance_ns, prepare
        self._values: deque[_Value] = deque()
        self._wanted: dict[int, int] = {}  # stamp -> when it was asked for first
        self._found: dict[int, Any] = {}
        self._inexact: set[int] = set()  # found, but with another stamp
        self.unreadable = 0

    def add(self, received_ns: int, stamp_ns: int, value: Any) -> None:
        """Takes a value in."""
        self._values.append(_Value(received_ns, stamp_ns, value))
        if stamp_ns in self._inexact:  # what was asked for comes after all, or again
            self._decide(stamp_ns)
        self._settle(received_ns)

    def want(self, received_ns: int, stamp_ns: int) -> None:
        """Asks for the value of a stamp."""
        if stamp_ns not in self._found:
            self._wanted.setdefault(stamp_ns, received_ns)

    def take(self, stamp_ns: int) -> Any | None:
        """The value of a stamp, None if there is none within the tolerance. Forgets it."""
        self._wanted.pop(stamp_ns, None)
        if stamp_ns not in self._found:
            self._decide(stamp_ns)
        self._inexact.discard(stamp_ns)
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
            oldest = self._values[0]
            if abs(now_ns - oldest.received_ns) <= KEPT_NS:
                break
            self._last_chance(oldest)
            self._values.popleft()

    def _last_chance(self, oldest: _Value) -> None:
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
        try:
            self._found[stamp_ns] = self._prepare(value.value)
        except (DataError, AttributeError, TypeError, ValueError):  # perhaps of another type
            self.unreadable += 1
            self._found[stamp_ns] = None
        exact = value.stamp_ns == stamp_ns
        (self._inexact.discard if exact else self._inexact.add)(stamp_ns)

    def _nearest(self, stamp_ns: int) -> _Value | None:
        before = [v for v in self._values if 0 <= stamp_ns - v.stamp_ns <= self._tolerance_ns]
        if before:
            return max(before, key=lambda v: v.stamp_ns)
        after = [v for v in self._values if 0 < v.stamp_ns - stamp_ns <= self._tolerance_ns]
        return min(after, key=lambda v: v.stamp_ns, default=None)
