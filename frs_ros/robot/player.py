# SPDX-License-Identifier: Apache-2.0
"""Plays chunks: which action is due now, the seam between two chunks, when to ask for the next."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frs_ros.messages.plan import ActionChunk

BLEND = 3  # rows over which a new chunk takes over from the old one
BRIDGE = 2.5  # control periods for which the rest of the horizon is used when the next is late
MEMORY = 10  # latencies of which the largest counts


@dataclass(frozen=True)
class Due:
    """What is due at an instant.

    Attributes:
        action: [A], in units.
        key: Identifies the row: request id and row number. A new key is a new action.
    """

    action: np.ndarray
    key: tuple[int, int]


@dataclass(frozen=True)
class _Track:
    """A chunk laid on the player's clock.

    Attributes:
        chunk: As admitted.
        planned_ns: When the observation it was planned from was taken.
        first: Row at which it took over; those before it passed while it was being made.
    """

    chunk: ActionChunk
    planned_ns: int
    first: int

    def row(self, now_ns: int) -> int:
        """The row of now, by time alone: it may lie outside the chunk."""
        return row_at(now_ns, self.planned_ns, self.chunk.control_hz)

    @property
    def end(self) -> int:
        """The first row after the executed part."""
        return min(self.first + self.chunk.execute_steps, len(self.chunk.actions))

    def periods(self, now_ns: int) -> float:
        """Control periods since the executed part ended; negative before."""
        return (now_ns - self.planned_ns) * 1e-9 * self.chunk.control_hz - self.end


def row_at(now_ns: int, planned_ns: int, control_hz: float) -> int:
    """The row that is due at `now_ns` in a chunk planned at `planned_ns`.

    A nanosecond is added: stamps are whole ones, and a row that begins now is due now.
    """
    return math.floor((now_ns - planned_ns + 1) * 1e-9 * control_hz)


class ChunkPlayer:
    """Plays one chunk after another on a monotonic clock in nanoseconds.

    Row k of a chunk is due k control periods after its observation was taken, so what inference
    took is skipped. From the row at which a chunk takes over, `execute_steps` rows are executed;
    if no new chunk has come by then, the rest of the horizon bridges `BRIDGE` control periods at
    most. After that nothing is due, and the arm has to hold: the last action is never repeated.
    """

    def __init__(self, *, blend: int = BLEND, bridge: float = BRIDGE) -> None:
        """Sets the lengths of the cross-fade (rows) and of the bridge (control periods)."""
        self._blend, self._bridge = blend, bridge
        self._new: _Track | None = None
        self._old: _Track | None = None

    def take(self, chunk: ActionChunk, planned_ns: int, now_ns: int) -> None:
        """Lets an admitted chunk take over now.

        Args:
            chunk: Of the same action space as those before it.
            planned_ns: When its observation was taken, on the player's clock.
            now_ns: Now, on the same clock.
        """
        self._old = self._new
        first = max(0, row_at(now_ns, planned_ns, chunk.control_hz))
        self._new = _Track(chunk, planned_ns, first)

    def clear(self) -> None:
        """Forgets all chunks."""
        self._new = self._old = None

    def due(self, now_ns: int) -> Due | None:
        """The action of now, cross-faded at a seam; None: the arm must hold."""
        track = self._new
        if track is None or track.periods(now_ns) >= self._bridge:
            return None
        row = track.row(now_ns)
        if not 0 <= row < len(track.chunk.actions):
            return None
        action = self._faded(track, row, now_ns)
        return Due(action, (track.chunk.request_id, row))

    def remaining(self, now_ns: int) -> float:
        """Rows of the executed part that are still to come; 0 without a chunk."""
        track = self._new
        return 0.0 if track is None else max(0.0, -track.periods(now_ns))

    def _faded(self, track: _Track, row: int, now_ns: int) -> np.ndarray:
        new: np.ndarray = track.chunk.actions[row].copy()
        since, old = max(0, row - track.first), self._old
        if old is None or since >= self._blend:
            return new
        old_row = old.row(now_ns)
        if not 0 <= old_row < len(old.chunk.actions):
            return new
        weight = (since + 1) / (self._blend + 1)
        arm = slice(None, -1)  # the last number is the gripper's: open or closed, nothing between
        new[arm] = weight * new[arm] + (1.0 - weight) * old.chunk.actions[old_row][arm]
        return new


class Latencies:
    """How long answers took lately."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=MEMORY)

    def __iter__(self) -> Iterator[float]:
        return iter(self._recent)

    def add(self, seconds: float) -> None:
        """Takes in the time from a request to its answer."""
        self._recent.append(seconds)

    def lead(self, control_hz: float, execute_steps: int) -> int:
        """Rows before the end of the executed part at which to ask for the next chunk.

        The longest of the recent latencies and one row for safety; at most all rows.
        """
        longest = max(self._recent, default=0.0)
        return min(math.ceil(longest * control_hz) + 1, execute_steps)
