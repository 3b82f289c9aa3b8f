# SPDX-License-Identifier: Apache-2.0
"""A slot between a reader thread and whoever wants the newest frame."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from frs_ros.cameras.base import CameraStatus, Frame


class Latest:
    """Holds one frame; a newer one replaces it. Thread-safe.

    Args:
        clock: Monotonic time in s.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._number: int | None = None
        self._received_at = -math.inf
        self._received = self._dropped = self._replaced = 0

    def put(self, frame: Frame) -> None:
        """Hands a frame over; counts what its number says was lost before it."""
        with self._changed:
            if self._number is not None and frame.number > self._number:
                self._dropped += frame.number - self._number - 1
            self._number = frame.number
            self._replaced += self._frame is not None
            self._frame = frame
            self._received += 1
            self._received_at = self._clock()
            self._changed.notify_all()

    def restarted(self) -> None:
        """Says that the camera counts anew: the next number tells nothing about drops."""
        with self._changed:
            self._number = None

    def take(self, timeout: float = 0.0) -> Frame | None:
        """The frame, once; None if there is none within `timeout` seconds."""
        with self._changed:
            if self._frame is None and timeout > 0.0:
                self._changed.wait(timeout)
            frame, self._frame = self._frame, None
            return frame

    def wake(self) -> None:
        """Ends the waiting of `take`."""
        with self._changed:
            self._changed.notify_all()

    def status(self, recoveries: int = 0, line: str = '', *, failed: bool = False) -> CameraStatus:
        """The counters, with what the owner of the slot knows."""
        with self._changed:
            age = self._clock() - self._received_at
            return CameraStatus(
                self._received, self._dropped, self._replaced, recoveries, age, line, failed
            )
