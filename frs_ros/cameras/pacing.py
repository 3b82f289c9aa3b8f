# SPDX-License-Identifier: Apache-2.0
"""Frames at the times a camera would deliver them."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Counts the periods of a steady rate.

    Args:
        fps: Hz.
        clock: Monotonic time in s.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        fps: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._fps = fps
        self._clock = clock
        self._sleep = sleep
        self._start = clock()
        self._next = 0

    def next(self, timeout: float) -> int | None:
        """Waits for the next frame; its number, None if it is not due within `timeout` seconds.

        Who comes late by more than a period gets the number that is due now.
        """
        wait = self._start + self._next / self._fps - self._clock()
        if wait > timeout:
            self._sleep(timeout)
            return None
        if wait > 0.0:
            self._sleep(wait)
        due = int((self._clock() - self._start) * self._fps)
        number = max(self._next, due)
        self._next = number + 1
        return number
