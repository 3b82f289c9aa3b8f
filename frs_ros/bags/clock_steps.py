# SPDX-License-Identifier: Apache-2.0
"""Times of receipt of a recording during which the clock was set, without the steps."""

from __future__ import annotations

from frs_ros.bags.read.bag_file import NS, spell_time

BACK_NS = NS  # messages of different topics may be swapped by so much
LONGEST_GAP_NS = 300 * NS  # silence of all topics; a longer one is a clock that was set
LEFT_NS = NS  # of such a gap
_SPELLED = 3


class ClockSteps:
    """Maps times of receipt, in the order of the recording, to times that do not step."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._offset_ns = 0
        self._lines: list[str] = []
        self._count = 0

    def time(self, stamp_ns: int) -> int:
        """Time of a message that was received at `stamp_ns`, ns; that of the first is its own."""
        gap_ns = 0 if self._last_ns is None else stamp_ns - self._last_ns
        if gap_ns < -BACK_NS:
            self._step(f'the clock was set back by {-gap_ns / NS:.1f} s', gap_ns)
        elif gap_ns > LONGEST_GAP_NS:
            line = f'nothing for {gap_ns / NS:.1f} s, or the clock was set forward'
            self._step(line, gap_ns - LEFT_NS)
        self._last_ns = stamp_ns
        return stamp_ns + self._offset_ns

    @property
    def lines(self) -> list[str]:
        """What was bridged so far, for people."""
        more = self._count - len(self._lines)
        return [*self._lines, *([f'and {more} further steps of the clock'] if more else [])]

    def _step(self, line: str, length_ns: int) -> None:
        self._offset_ns -= length_ns
        self._count += 1
        if len(self._lines) < _SPELLED:
            self._lines.append(f'{line} after {spell_time(self._last_ns or 0)}; that is bridged')
