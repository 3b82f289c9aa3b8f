# SPDX-License-Identifier: Apache-2.0
"""Reads the arm's state all the time, so that nobody else has to wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from frs_ros.robot.base import ArmState, Fault, FaultKind
from frs_ros.robot.franky.control import Control, ControlLostError
from frs_ros.robot.franky.faults import classify
from frs_ros.robot.franky.state import arm_state
from frs_ros.robot.revealed import revealed

PERIOD = 0.005  # s between two readings


class Monitor:
    """A thread that reads states and looks after the motion.

    A reading takes a millisecond while the arm is idle, and up to a second once it is silent
    (libfranka's time limit); meanwhile the newest state simply ages.

    Attributes:
        newest: The last state that brought news.
        lost: Whether the connection is gone for good; the thread has ended then.
    """

    def __init__(
        self,
        franky: ModuleType,
        robot: Any,
        control: Control,
        tool: np.ndarray,
        clock: Callable[[], float],
        report: Callable[[Fault], None],
    ) -> None:
        """Reads the first state here and now.

        Args:
            franky: The library.
            robot: A connected franky.Robot.
            control: What runs on it.
            tool: [4, 4] tool centre point in the flange.
            clock: Stamps states and faults.
            report: Called from the thread with everything that is wrong, again and again.
        """
        self._franky = franky
        self._robot = robot
        self._control = control
        self._tool = tool
        self._clock = clock
        self._report = report
        self._end = threading.Event()
        self._read = threading.Condition()
        self._readings = 0
        self.lost = False
        self.newest: ArmState = arm_state(robot.state, clock(), tool)
        self._thread = threading.Thread(target=self._run, name='franky_monitor', daemon=True)
        self._thread.start()

    def fresh(self, timeout: float) -> ArmState | None:
        """A state whose reading begins after this call, None if none comes in time."""
        with self._read:
            wanted = self._readings + 2  # one may be under way
            if not self._read.wait_for(lambda: self._readings >= wanted or self.lost, timeout):
                return None
            return None if self.lost else self.newest

    def end(self, timeout: float) -> None:
        """Ends the thread and lets go of the robot.

        If it does not end in time it is left to itself.
        """
        self._end.set()
        self._thread.join(timeout)
        self._robot = None

    def _run(self) -> None:
        while not self._end.wait(PERIOD):
            try:
                self._control.watch()
                self._take(self._robot.state)
            except ControlLostError as error:
                text = f'the robot left our control: {error}'
                self._report(Fault(FaultKind.LOST_CONTROL, text, time=self._clock()))
            except Exception as error:
                if self._end.is_set():
                    return
                fault = classify(self._franky, error, self._clock())
                with self._read:
                    self.lost = fault.kind is FaultKind.COMMUNICATION and not fault.errors
                    self._read.notify_all()
                self._report(fault)
                if self.lost:
                    return

    def _take(self, raw: Any) -> None:
        now = self._clock()
        newest = self.newest
        if raw.time.to_sec() != newest.time:
            newest = arm_state(raw, now, self._tool)
        with self._read:
            self.newest = newest
            self._readings += 1
            self._read.notify_all()
        fault = revealed(newest, now)
        if fault is not None:
            self._report(fault)
