# SPDX-License-Identifier: Apache-2.0
"""The boundary to a driver: whatever it does, the controller sees states and RobotErrors only."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from frs_ros.arm.limits import JOINTS
from frs_ros.robot.base import (
    ArmState,
    ControlMode,
    Fault,
    FaultKind,
    JointCommand,
    RobotDriver,
    RobotError,
    RobotInfo,
)
from frs_ros.text import one_line, shown

SHAPES = {
    'q': (JOINTS,),
    'dq': (JOINTS,),
    'pose': (4, 4),
    'tau_external': (JOINTS,),
    'wrench_external': (6,),
}

T = TypeVar('T')


class DriverGuard:
    """Calls a driver and keeps its contract for it.

    An exception that the contract does not know is handed to `report` and becomes a RobotError of
    kind PROGRAM. `stop` and `close` never raise; a stop that failed is a fault until `recover`,
    and `unstopped` until one succeeds.

    Attributes:
        unstopped: Whether the last stop failed: the robot may still follow commands.
    """

    def __init__(
        self,
        driver: RobotDriver,
        clock: Callable[[], float],
        report: Callable[[Exception], None],
    ) -> None:
        """Takes a connected driver.

        Args:
            driver: Behind the boundary.
            clock: s, for the time of faults.
            report: Is told of exceptions that are errors of the program.
        """
        self._driver, self._clock, self._report = driver, clock, report
        self._fault: Fault | None = None
        self.unstopped = False

    @property
    def fault(self) -> Fault | None:
        """The driver's fault, or that of a stop that failed."""
        try:
            fault = self._driver.fault
            if fault is not None and not isinstance(fault, Fault):
                raise TypeError(f'the driver gave {shown(fault)} as its fault')
        except Exception as error:
            return self._failed(error).fault
        return fault or self._fault

    def connect(self, timeout: float) -> RobotInfo:
        """Connects, if it is not connected."""
        return self._called(lambda: self._driver.connect(timeout))

    def read(self) -> ArmState:
        """The newest state, its arrays float64 of the right shapes; they may not be finite."""
        return self._called(lambda: checked_state(self._driver.read()))

    def start(self, mode: ControlMode) -> None:
        """Begins to follow commands."""
        self._called(lambda: self._driver.start(mode))

    def command(self, command: JointCommand) -> None:
        """Hands a reference over."""
        self._called(lambda: self._driver.command(command))

    def gripper(self, closed: bool) -> None:
        """Opens or closes."""
        self._called(lambda: self._driver.gripper(closed))

    def recover(self) -> None:
        """Clears the fault."""
        self._called(self._driver.recover)
        self._fault = None

    def stop(self) -> None:
        """Ends the motion with a ramp; see `unstopped`."""
        try:
            self._called(self._driver.stop)
        except RobotError as error:
            self.unstopped = True
            self._fault = self._fault or error.fault
        else:
            self.unstopped = False

    def close(self) -> None:
        """Stops and disconnects."""
        try:
            self._driver.close()
        except Exception as error:
            self._failed(error)

    def _called(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except RobotError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> RobotError:
        self._report(error)
        return RobotError(program_fault('the driver', error, self._clock()))


def program_fault(where: str, error: Exception, now: float) -> Fault:
    """The fault behind an exception that nobody expected; its line names the exception."""
    try:
        text = one_line(error)
    except Exception:  # one that cannot even be written
        text = '(it has no text)'
    text = text.encode(errors='replace').decode()
    line = f'error of the program in {where}: {type(error).__name__}: {text}; see the log'
    return Fault(FaultKind.PROGRAM, line, time=now)


def checked_state(given: ArmState) -> ArmState:
    """A copy with arrays of its own; TypeError or ValueError if it is not made as a state is.

    Width of the gripper and share of messages are NaN unless finite: they may be unknown.
    """
    if not isinstance(given, ArmState):
        raise TypeError(f'the driver gave {shown(given)} as its state')
    arrays: dict[str, Any] = {
        name: _array(name, getattr(given, name), shape) for name, shape in SHAPES.items()
    }
    return replace(
        given,
        **arrays,
        time=float(given.time),
        read_at=float(given.read_at),
        success_rate=_known(given.success_rate),
        gripper_width=_known(given.gripper_width),
        gripper_line=one_line(given.gripper_line),
    )


def unusable(state: ArmState) -> str:
    """Which measured number no command may be calculated from, '' if all are finite."""
    if math.isfinite(state.q.sum() + state.dq.sum() + state.pose.sum()):
        return ''  # asked three times in every control step
    for name in ('q', 'dq', 'pose'):
        values = getattr(state, name).ravel()
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            return f"the robot's state is unusable: {name}[{wrong[0]}] is {values[wrong[0]]}"
    return ''


def _array(name: str, values: object, shape: tuple[int, ...]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f'{name} has shape {list(array.shape)}, not {list(shape)}')
    return array


def _known(value: float) -> float:
    number = float(value)
    return number if math.isfinite(number) else math.nan
