# SPDX-License-Identifier: Apache-2.0
"""A thread that publishes the messages of a recording when they are due."""

from __future__ import annotations

import threading
from collections.abc import Callable

from frs_ros.bags.play.playback import Playback, Recorded


class PlaybackThread:
    """Runs a playback; its methods may be called from any thread.

    Args:
        playback: What to play; from now on this thread's alone.
        publish: Called with each message when it is due, in the thread.
        flush: Called in the thread after the last message.

    Attributes:
        error: What went wrong in the thread; None so far.
    """

    def __init__(
        self, playback: Playback, publish: Callable[[Recorded], None], flush: Callable[[], None]
    ) -> None:
        self.error: Exception | None = None
        self._playback, self._publish, self._flush = playback, publish, flush
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name='playback', daemon=True)

    def start(self) -> None:
        """Begins, paused if it was paused before."""
        self._playback.begin()
        self._thread.start()

    def stop(self) -> None:
        """Ends before the next message, and waits until it has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def ended(self) -> bool:
        """Whether it has begun and ended."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def paused(self) -> bool:
        """Whether the recording stands still."""
        return self._playback.clock.paused

    @property
    def now_ns(self) -> int:
        """Time of the recording."""
        with self._changed:
            return self._playback.clock.now_ns

    @property
    def count(self) -> int:
        """Messages so far."""
        return self._playback.count

    def pause(self) -> None:
        """Stops the time of the recording."""
        with self._changed:
            self._playback.clock.pause()
            self._changed.notify_all()

    def resume(self) -> None:
        """Lets it run on."""
        with self._changed:
            self._playback.clock.resume()
            self._changed.notify_all()

    def toggle(self) -> None:
        """The one or the other."""
        if self.paused:
            self.resume()
        else:
            self.pause()

    def step(self) -> None:
        """Pauses, and publishes the next message."""
        with self._changed:
            if not self.paused:
                self._playback.clock.pause()
            self._playback.step()
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while (message := self._next()) is not None:
                self._publish(message)
            self._flush()
        except Exception as error:  # raised again where it ends the program
            self.error = error

    def _next(self) -> Recorded | None:
        """Waits for the next message; None at the end."""
        with self._changed:
            while not self._stopped and not self._playback.finished:
                message = self._playback.take()
                if message is not None:
                    return message
                wait = self._playback.wait
                self._changed.wait(None if wait == float('inf') else wait)
        return None
