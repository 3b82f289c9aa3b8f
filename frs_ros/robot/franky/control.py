# SPDX-License-Identifier: Apache-2.0
"""The motion that runs on the arm: begin, references, end."""

from __future__ import annotations

import contextlib
import threading
import time
from types import ModuleType
from typing import Any

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.robot.base import ControlMode, JointCommand
from frs_ros.robot.franky import motions
from frs_ros.robot.franky.bounded import within
from frs_ros.robot.franky.faults import is_own_stop

SETTLE = 1.2  # s after which a stop that does not come to its end becomes a hard one
HARD_STOP = 1.0  # s that franky.Robot.stop may take


class ControlLostError(Exception):
    """The motion has ended and nobody says why."""


class Control:
    """Runs one motion at a time; safe from any thread. Errors are those of franky.

    Attributes:
        mode: How commands are followed, None while they are not.
    """

    def __init__(self, franky: ModuleType, robot: Any, limits: JointLimits) -> None:
        """For a connected franky.Robot that is not moving."""
        self.mode: ControlMode | None = None
        self._franky = franky
        self._robot = robot
        self._limits = limits
        self._lock = threading.RLock()
        self._tracking: Any = None
        self._stopped_at: float | None = None  # monotonic time at which a ramp began

    def start(self, mode: ControlMode, q: np.ndarray) -> None:
        """Follows commands, from rest at `q` [7]; nothing may run, see `stop` and `settle`."""
        with self._lock:
            if mode is ControlMode.IMPEDANCE:
                motion = self._tracking = motions.impedance(self._franky, q, self._limits)
            else:
                motion = motions.velocity(self._franky, JointCommand(q, np.zeros(7)))
            self._robot.move(motion, asynchronous=True)
            self.mode = mode

    def send(self, command: JointCommand) -> None:
        """Hands over a reference that has been checked; `start` has been called."""
        with self._lock:
            if self.mode is ControlMode.IMPEDANCE:
                self._tracking.set_reference(motions.reference(self._franky, command.q))
            elif self.mode is ControlMode.VELOCITY:
                motion = motions.velocity(self._franky, command)
                self._robot.move(motion, asynchronous=True)

    def stop(self) -> None:
        """Begins a ramp to rest and returns; `watch` sees to its end."""
        with self._lock:
            mode, self.mode = self.mode, None
            if mode is None:
                return
            with contextlib.suppress(Exception):
                if self._robot.is_in_control:
                    self._stopped_at = time.monotonic()
                    self._robot.move(motions.stop(self._franky, mode), asynchronous=True)

    def settle(self) -> None:
        """Waits for the end of a ramp; what ended the motion otherwise is raised."""
        end = time.monotonic() + SETTLE
        while self._robot.is_in_control and time.monotonic() < end:
            time.sleep(0.005)
        with self._lock:
            if self._robot.is_in_control:
                self._stop_hard()
            self._stopped_at = None
            self._drain()

    def clear_errors(self) -> bool:
        """The robot's own error recovery; whether it went well."""
        return bool(self._robot.recover_from_errors())

    def release(self) -> None:
        """Lets go of the robot, which ends the connection; nothing may run."""
        with self._lock:
            self.mode, self._robot = None, None

    def watch(self) -> None:
        """Raises what has ended the motion, once; to be called again and again.

        Whether a motion is well cannot be had from `join_motion`: after a lost connection it
        reports the cause once and success from then on.
        """
        if not self._lock.acquire(blocking=False):
            return  # someone is starting or stopping a motion, and meets the error
        try:
            self._poll()
            if self.mode is ControlMode.IMPEDANCE and not self._robot.is_in_control:
                self._poll()  # it may have ended between the two
                raise ControlLostError('it ended without a reason')
            if self._stopped_at is not None and time.monotonic() - self._stopped_at > SETTLE:
                self._stopped_at = None
                if self._robot.is_in_control:
                    self._stop_hard()
        finally:
            self._lock.release()

    def _poll(self) -> None:
        try:
            self._robot.poll_motion()
        except self._franky.ControlException as error:
            if self.mode is not None or not is_own_stop(error):
                raise

    def _stop_hard(self) -> None:
        """Without a ramp; the motion then ends with an exception that is expected."""
        with contextlib.suppress(Exception):
            within(HARD_STOP, self._robot.stop)

    def _drain(self) -> None:
        """Takes the result of a motion that has ended, so that no later one meets it."""
        try:
            self._robot.join_motion(0.2)
        except self._franky.ControlException as error:
            if not is_own_stop(error):
                raise
