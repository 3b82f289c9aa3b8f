# SPDX-License-Identifier: Apache-2.0
"""Several queues of stamped messages as one stream in the order of their stamps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Arrival(NamedTuple):
    """A message that was received.

    Attributes:
        topic: Its topic.
        stamp_ns: Its header.stamp.
        received_ns: When it reached this computer, on the clock that `StampMerge.next` is told.
        data: As serialised.
        arrived_ns: What tells the order of arrival at a policy server: `received_ns`, or the time
            of sending if a recording is played, which may be faster than a network keeps order.
    """

    topic: str
    stamp_ns: int
    received_ns: int
    data: bytes
    arrived_ns: int = 0


class StampMerge:
    """Takes one message of each queue at a time and hands out the one with the lowest stamp.

    As long as a queue is empty a lower stamp may be on its way in it. So a message waits until
    all queues have one, or until it was received `hold_ns` ago: what was sent before it and is
    not here by then is later than any network on one machine makes it. Whatever waits longer,
    because we are slow, waits in the queues and not here.

    Args:
        hold_ns: How much later than the others a queue may be.
    """

    def __init__(self, hold_ns: int) -> None:
        self._hold_ns = hold_ns
        self._queues: dict[str, Callable[[], Arrival | None]] = {}
        self._heads: dict[str, Arrival] = {}

    def add(self, name: str, take: Callable[[], Arrival | None]) -> None:
        """Adds a queue, or replaces it; `take` returns its next message, None if it is empty."""
        self._queues[name] = take

    def next(self, now_ns: int) -> Arrival | None:
        """The next message of all, None if there is none yet."""
        for name, take in self._queues.items():
            if name not in self._heads:
                head = take()
                if head is not None:
                    self._heads[name] = head
        if not self._heads:
            return None
        name = min(self._heads, key=lambda n: self._heads[n].stamp_ns)
        waited = now_ns - self._heads[name].received_ns
        # a time of arrival in the future is that of a clock that was set back
        if len(self._heads) < len(self._queues) and 0 <= waited < self._hold_ns:
            return None
        return self._heads.pop(name)
