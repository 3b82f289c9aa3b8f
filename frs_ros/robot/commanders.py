# SPDX-License-Identifier: Apache-2.0
"""Who may send chunks: one publisher at a time. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

LOOK = 0.05  # s between two looks at who publishes
BOOKS = 30.0  # s; longer than that no middleware keeps a process that was killed
UNNAMED = ''  # node of a publisher that the middleware knows before it knows whose it is


class Commanders:
    """Tells a second commander from the successor of a lost one.

    A process that was killed stays in the middleware's books for a while (Fast DDS: 20 s), and its
    successor comes under the same node name; for a moment under none, and may then be that of any
    lost one. One that is in the books for longer than that is alive.

    Some versions of rclpy do not tell from which endpoint a message came: then it is from the only
    one there is, or, beside a lost one, from the other.
    """

    def __init__(self, census: Callable[[], Mapping[str, str]] | None = None) -> None:
        """Knows nobody yet.

        Args:
            census: Who publishes chunks now, as for `seen`; None if only `seen` is told.
        """
        self._census = census
        self._looked = -math.inf
        self._present: dict[str, str] = {}
        self._lost: dict[str, float] = {}  # since when, s

    def seen(self, present: Mapping[str, str], now: float) -> None:
        """Takes in who publishes chunks now: endpoint id -> full name of its node."""
        self._present, self._looked = dict(present), now
        lost = self._lost.items()
        self._lost = {e: at for e, at in lost if e in present and now - at < BOOKS}

    def silent(self, now: float) -> None:
        """Those present do not answer: one that comes under the same name takes its place."""
        for endpoint in self._present:
            self._lost.setdefault(endpoint, now)

    def heard(self, endpoint: str, now: float) -> bool:
        """A chunk came from this endpoint, '' if that is not told; whether it is one of those.

        One that is not known, or not told, is reason to take a census, but not more often than
        `LOOK`: a flood of such chunks costs no more than that.
        """
        known = endpoint in self._present
        if not known and self._census is not None and not 0 <= now - self._looked < LOOK:
            self.seen(self._census(), now)
            known = endpoint in self._present
        if len(self._present) == 1 and not endpoint:
            self._lost.clear()
        self._lost.pop(endpoint, None)
        return known or not endpoint

    @property
    def names(self) -> tuple[str, ...]:
        """Who publishes chunks, without those whose place is taken."""
        alive = [name for e, name in self._present.items() if e not in self._lost]
        gone = {name for e, name in self._present.items() if e in self._lost}
        missed = sorted(gone - {UNNAMED, *alive})[alive.count(UNNAMED) :]
        return tuple(sorted([name or 'a node not yet known' for name in alive] + missed))
