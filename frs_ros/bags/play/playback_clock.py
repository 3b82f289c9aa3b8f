# SPDX-License-Identifier: Apache-2.0
"""Time of a recording while it is played: at a rate, with pauses, or as fast as possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from frs_ros.errors import ConfigError

NS = 1_000_000_000


class PlaybackClock(Protocol):
    """What the messages of a recording wait for. Times of the recording are in nanoseconds."""

    paused: bool

    @property
    def now_ns(self) -> int:
        """Time of the recording."""

    def until(self, stamp_ns: int) -> float:
        """Seconds from now until the recording is there, 0 if it is; infinite while paused."""

    def jump(self, stamp_ns: int) -> None:
        """Continues from this time of the recording."""

    def pause(self) -> None:
        """Stops time."""

    def resume(self) -> None:
        """Lets time run on from where it stopped."""


class SteadyClock:
    """Runs with a clock, `rate` times as fast: s(t) = s_0 + rate (t - t_0).

    A pause and a jump each begin a new straight line (t_0, s_0) at the point reached.

    Args:
        clock_ns: Monotonic clock, ns.
        start_ns: Where the recording starts.
        rate: Seconds of the recording per second; positive.

    Attributes:
        paused: Whether time stands still.
    """

    def __init__(self, clock_ns: Callable[[], int], start_ns: int, rate: float = 1.0) -> None:
        self._clock_ns = clock_ns
        self._since_ns, self._start_ns = clock_ns(), start_ns
        if not 0.0 < rate < float('inf'):
            raise ConfigError(f'the rate is {rate:g}; it must be positive')
        self._rate = rate
        self.paused = False

    @property
    def now_ns(self) -> int:
        """Time of the recording."""
        if self.paused:
            return self._start_ns
        return self._start_ns + round((self._clock_ns() - self._since_ns) * self._rate)

    def until(self, stamp_ns: int) -> float:
        """Seconds from now until the recording is there, 0 if it is; infinite while paused."""
        ahead_ns = stamp_ns - self.now_ns
        if ahead_ns <= 0:
            return 0.0
        return float('inf') if self.paused else ahead_ns / NS / self._rate

    def jump(self, stamp_ns: int) -> None:
        """Continues from this time of the recording."""
        self._since_ns, self._start_ns = self._clock_ns(), stamp_ns

    def pause(self) -> None:
        """Stops time."""
        self.jump(self.now_ns)
        self.paused = True

    def resume(self) -> None:
        """Lets time run on from where it stopped."""
        self.jump(self.now_ns)
        self.paused = False


class EagerClock:
    """Has no time of its own: whatever is asked for is due, unless it is paused.

    Args:
        start_ns: Where the recording starts.

    Attributes:
        paused: Whether nothing is due.
        now_ns: Time of the recording: the latest that was asked for while it was not paused.
    """

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.paused = False

    def until(self, stamp_ns: int) -> float:
        """0: it is due; infinite while paused, for what was not due before."""
        if self.paused:
            return 0.0 if stamp_ns <= self.now_ns else float('inf')
        self.now_ns = max(self.now_ns, stamp_ns)
        return 0.0

    def jump(self, stamp_ns: int) -> None:
        """Continues from this time of the recording."""
        self.now_ns = stamp_ns

    def pause(self) -> None:
        """Nothing more is due."""
        self.paused = True

    def resume(self) -> None:
        """Everything is due again."""
        self.paused = False
