# SPDX-License-Identifier: Apache-2.0
"""Who may send chunks: one publisher at a time. Pure."""

from __future__ import annotations

from collections.abc import Mapping

UNNAMED = ''  # node of a publisher that the middleware knows before it knows whose it is


class Commanders:
    """Tells a second commander from the successor of a lost one.

    A process that was killed stays in the middleware's books for a while (Fast DDS: 20 s), and its
    successor comes under the same node name; for a moment under none, and may then be that of any
    lost one.
    """

    def __init__(self) -> None:
        self._present: dict[str, str] = {}
        self._lost: set[str] = set()

    def seen(self, present: Mapping[str, str]) -> None:
        """Takes in who publishes chunks now: endpoint id -> full name of its node."""
        self._present = dict(present)
        self._lost &= set(present)

    def silent(self) -> None:
        """Those present do not answer: one that comes under the same name takes its place."""
        self._lost |= set(self._present)

    def heard(self, endpoint: str) -> None:
        """A chunk came from this endpoint: it is alive."""
        self._lost.discard(endpoint)

    @property
    def names(self) -> tuple[str, ...]:
        """Who publishes chunks, without those whose place is taken."""
        alive = [name for e, name in self._present.items() if e not in self._lost]
        gone = {name for e, name in self._present.items() if e in self._lost}
        missed = sorted(gone - {UNNAMED, *alive})[alive.count(UNNAMED) :]
        return tuple(sorted([name or 'a node not yet known' for name in alive] + missed))
