# SPDX-License-Identifier: Apache-2.0
"""A camera that is read by a thread and brought back by the recovery ladder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from frs_ros.cameras.base import Calibration, CameraStatus, Frame
from frs_ros.cameras.driver import CameraDriver, Session
from frs_ros.cameras.latest import Latest
from frs_ros.cameras.recovery import PATIENCE, Ladder, Patience
from frs_ros.errors import FrsError

READ_TIMEOUT = 0.1  # s; how late a thread notices that it is not wanted any more
STOP_TIMEOUT = 1.0  # s; a session that needs longer to stop is abandoned
CLOSE_TIMEOUT = 0.8  # s; the contract allows a second
MOST_HANGING = 6  # threads that may hang inside a driver before no more are started


class SupervisedCamera:
    """A `CameraSource` over a `CameraDriver`.

    Every session with the camera has a daemon thread of its own, which alone calls the session.
    Stopping a camera can hang for ever: then its thread is left behind, whatever it still delivers
    is ignored, and the ladder goes on.

    Args:
        driver: Opens the camera.
        period: Time between two frames, s.
        patience: Of the recovery ladder.
        clock: Monotonic time in s.
    """

    def __init__(
        self,
        driver: CameraDriver,
        *,
        period: float,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._tick_period = min(period, 0.05)
        self._lock = threading.Lock()  # over the ladder and the fields below
        reset = self._begin_reset if driver.can_reset else None
        self._ladder = Ladder(period, self._begin_session, reset, patience)
        self._latest = Latest(clock)
        self._run: _Run | None = None
        self._hanging: list[_Run] = []  # cancelled, not ended
        self._reason = ''
        self._closing = threading.Event()
        self._supervisor: threading.Thread | None = None

    # ---- CameraSource -------------------------------------------------------------------------

    def start(self) -> None:
        """See `CameraSource.start`."""
        self._driver.check()
        self._supervisor = _thread(self._supervise, f'{self._driver.name}: supervisor')

    def take(self, timeout: float = 0.0) -> Frame | None:
        """See `CameraSource.take`."""
        return self._latest.take(timeout)

    def calibration(self) -> Calibration | None:
        """See `CameraSource.calibration`."""
        with self._lock:
            return self._run.calibration if self._run is not None else None

    def status(self) -> CameraStatus:
        """See `CameraSource.status`."""
        with self._lock:
            line, failed = self._line(), self._ladder.lost()
            return self._latest.status(self._ladder.recoveries, line, failed=failed)

    def close(self) -> None:
        """See `CameraSource.close`."""
        self._closing.set()
        with self._lock:
            run, self._run = self._run, None
        if run is not None:
            run.cancelled.set()
        self._latest.wake()
        end = time.monotonic() + CLOSE_TIMEOUT
        for thread in (self._supervisor, run.thread if run is not None else None):
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    # ---- what the threads do ------------------------------------------------------------------

    def _supervise(self) -> None:
        with self._lock:
            self._ladder.start(self._clock())
        while not self._closing.wait(self._tick_period):
            with self._lock:
                self._ladder.tick(self._clock())

    def _begin_session(self) -> None:
        """Replaces the session by a new one. Called by the ladder, under the lock."""
        self._replace('reader', self._serve)

    def _begin_reset(self) -> None:
        """Replaces the session by a reset of the hardware. Called as above."""
        self._replace('reset', self._reset)

    def _replace(self, what: str, target: Callable[[_Run, _Run | None], None]) -> None:
        """Gives the camera to a new thread; tells the one before to let go."""
        if self._closing.is_set():
            return
        before = self._run
        if before is not None and not before.cancelled.is_set():
            before.cancelled.set()
            self._hanging.append(before)
        self._hanging = [run for run in self._hanging if not run.ended.is_set()]
        if len(self._hanging) > MOST_HANGING:
            self._reason = 'its driver hangs; plug it in again, or else start this program again'
            return
        self._run = run = _Run()
        run.thread = _thread(target, f'{self._driver.name}: {what}', run, before)

    def _serve(self, run: _Run, before: _Run | None) -> None:
        if before is not None:
            before.ended.wait(STOP_TIMEOUT)
        try:
            if run.cancelled.is_set():
                return
            self._latest.restarted()
            session = self._driver.open()
            try:
                self._read(run, session)
            finally:
                session.close()
        except Exception as error:  # drivers raise what they like; a person reads it in the status
            self._failed(run, error)
        finally:
            run.ended.set()

    def _read(self, run: _Run, session: Session) -> None:
        self._tell(run, self._ladder.opened, session)
        while not run.cancelled.is_set():
            frame = session.read(READ_TIMEOUT)
            if frame is not None and self._tell(run, self._ladder.frame, session):
                self._latest.put(frame)

    def _reset(self, run: _Run, before: _Run | None) -> None:
        del before  # a reset is for the case that it does not end
        try:
            self._driver.reset()
        except Exception as error:  # as above
            self._failed(run, error)
        finally:
            run.ended.set()

    def _tell(self, run: _Run, event: Callable[[float], None], session: Session) -> bool:
        """Passes an event on to the ladder, unless the thread has been abandoned."""
        with self._lock:
            if run is not self._run:
                return False
            event(self._clock())
            run.calibration, run.warning = session.calibration, session.warning
            self._reason = ''
            return True

    def _failed(self, run: _Run, error: Exception) -> None:
        line = str(error) if isinstance(error, FrsError) else f'{type(error).__name__}: {error}'
        with self._lock:
            if run is self._run:
                self._reason = ' '.join(line.split())
                self._ladder.failed(self._clock())

    def _line(self) -> str:
        """What is wrong; the words do not change while the trouble stays the same."""
        run, name = self._run, self._driver.name
        if not self._ladder.stale(self._clock()) and not self._ladder.lost():
            return f'{name}: {run.warning}' if run is not None and run.warning else ''
        if self._reason:
            return f'{name}: {self._reason}'
        line = 'no new image' if self._latest.status().received else 'no image yet'
        return f'{name}: {line}' + (', being opened again' if self._ladder.lost() else '')


class _Run:
    """A thread that deals with the camera."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.ended = threading.Event()
        self.calibration: Calibration | None = None
        self.warning = ''
        self.thread: threading.Thread | None = None


def _thread(target: Callable[..., None], name: str, *args: object) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, args=args, daemon=True)
    thread.start()
    return thread
