# SPDX-License-Identifier: Apache-2.0
"""The Franka Hand, in threads of its own: its commands block, and it may never answer."""

from __future__ import annotations

import atexit
import math
import threading
import time
from collections.abc import Callable
from typing import Any

from frs_ros.robot.franky.faults import line

LATE = 2.0  # s beyond the time for the whole way after which a command is reported
# s at the exit of the process for a call into the library that is under way: if it returned while
# the interpreter shuts down, it would abort the process.
LAST_WAIT = 2.0
WATCH = 0.05  # s between two looks at the width


class GripperWorker:
    """Opens and closes in the background: the latest command wins, a repeated one does nothing.

    Unless the last command has failed: then it is tried once more for every command.

    The gripper cannot be interrupted, so a new command waits until the last one has returned;
    those in between are never sent. Nobody waits for the thread that sends, since it may hang in
    the library; only at the exit of the process, for a moment.
    """

    def __init__(
        self,
        gripper: Any,
        max_width: float,
        *,
        speed: float = 0.1,
        force: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins to watch.

        Args:
            gripper: A connected franky.Gripper.
            max_width: m.
            speed: m/s of the width.
            force: N, when closing.
            clock: Seconds.
        """
        self._gripper = gripper
        self._max_width = max_width
        self._speed = speed
        self._force = force
        self._late = LATE + max_width / speed
        self._clock = clock
        self._news = threading.Condition()
        self._ended = False
        self._wanted: bool | None = None  # closed?
        self._sent: bool | None = None
        self._busy_since: float | None = None
        self._result = ''
        self._watch_line = ''
        self.width = math.nan
        self._watcher = threading.Thread(target=self._watch, name='gripper_watch', daemon=True)
        worker = threading.Thread(target=self._work, name='gripper_work', daemon=True)
        for thread in (self._watcher, worker):
            thread.start()
            atexit.register(thread.join, LAST_WAIT)

    @property
    def line(self) -> str:
        """What is wrong, '' if nothing."""
        busy_since = self._busy_since
        if busy_since is not None and self._clock() - busy_since > self._late:
            return f'the gripper has not answered for {self._clock() - busy_since:.0f} s'
        return self._result or self._watch_line

    def command(self, closed: bool) -> None:
        """Sets what it shall be, without waiting."""
        with self._news:
            if self._result and self._busy_since is None:
                self._sent = None  # the last command failed: the same one is tried again
            self._wanted = closed
            self._news.notify_all()

    def end(self) -> None:
        """Lets the threads end as soon as they can, and waits a moment for the watching one."""
        with self._news:
            self._ended = True
            self._news.notify_all()
        self._watcher.join(2 * WATCH)

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._ended or self._wanted != self._sent)
                if self._ended:
                    return
                closed = self._sent = bool(self._wanted)
                self._busy_since = self._clock()
            result = self._go(closed)
            with self._news:
                self._result, self._busy_since = result, None

    def _go(self, closed: bool) -> str:
        """Moves the fingers; what went wrong, '' if nothing."""
        try:
            if closed:  # on whatever is between the fingers, or on nothing
                done = self._gripper.grasp(
                    0.0,
                    self._speed,
                    self._force,
                    epsilon_inner=0.01,
                    epsilon_outer=self._max_width,
                )
            else:
                done = self._gripper.move(self._max_width, self._speed)
        except Exception as error:
            return f'the gripper did not {"close" if closed else "open"}: {line(error)}'
        return '' if done else f'the gripper did not {"close" if closed else "open"}'

    def _watch(self) -> None:
        while not self._ended:
            try:
                self.width = float(self._gripper.width)
                self._watch_line = ''
            except Exception as error:
                self.width = math.nan
                self._watch_line = f'the gripper is silent: {line(error)}'
            with self._news:
                self._news.wait_for(lambda: self._ended, WATCH if not self._watch_line else 1.0)
