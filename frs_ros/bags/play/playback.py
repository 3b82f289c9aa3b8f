# SPDX-License-Identifier: Apache-2.0
"""Which message of a recording is due when: pauses, single steps, laps. Without ROS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from frs_ros.bags.play.playback_clock import PlaybackClock


class Recorded(NamedTuple):
    """A message of a recording.

    Attributes:
        topic: As recorded.
        stamp_ns: When it was recorded.
        data: As serialised.
    """

    topic: str
    stamp_ns: int
    data: bytes


class Playback:
    """Hands out the messages of a recording when the clock has come to them, lap by lap.

    Args:
        messages: Opens the recording anew: its messages in the order of their stamps.
        clock: Time of the recording; put to `start_ns` at the beginning of every further lap.
        start_ns: Time at which a lap begins.
        loop: Whether a lap follows the end; a recording without messages ends all the same.

    Attributes:
        count: Messages handed out so far.
        laps: Laps that are over.
        finished: Whether nothing will come any more.
    """

    def __init__(
        self,
        messages: Callable[[], Iterator[Recorded]],
        clock: PlaybackClock,
        *,
        start_ns: int,
        loop: bool = False,
    ) -> None:
        self.clock = clock
        self.count = self.laps = 0
        self.finished = False
        self._open, self._start_ns, self._loop = messages, start_ns, loop
        self._messages = messages()
        self._next: Recorded | None = None
        self._advance()
        self.finished = self._next is None

    def begin(self) -> None:
        """Puts the clock to the beginning: what was waited for before does not count."""
        self.clock.jump(self._start_ns)

    @property
    def wait(self) -> float:
        """Seconds until the next message is due; infinite while paused and after the end."""
        if self._next is None:
            return float('inf')
        return self.clock.until(self._next.stamp_ns)

    def take(self) -> Recorded | None:
        """The next message if it is due, else None."""
        message = self._next
        if message is None or self.clock.until(message.stamp_ns) > 0.0:
            return None
        self.count += 1
        self._advance()
        if self._next is None:
            self._end_lap()
        return message

    def step(self) -> None:
        """Makes the next message due now: the clock jumps to it. For while it is paused."""
        if self._next is not None:
            self.clock.jump(self._next.stamp_ns)

    def _advance(self) -> None:
        self._next = next(self._messages, None)

    def _end_lap(self) -> None:
        self.laps += 1
        if self._loop:
            self._messages = self._open()
            self._advance()
        if self._next is None:
            self.finished = True
        else:
            self.clock.jump(self._start_ns)
