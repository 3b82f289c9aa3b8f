# SPDX-License-Identifier: Apache-2.0
"""A driver whose robot is arithmetic, for tests and first steps; faults come by script."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.robot.arm_simulation import GRIPPER_WIDTH, STEP, ArmSimulation
from frs_ros.robot.base import (
    ArmState,
    ControlMode,
    Fault,
    FaultKind,
    JointCommand,
    RobotError,
    RobotInfo,
)
from frs_ros.robot.checks import checked
from frs_ros.robot.revealed import SILENT, USER_STOP, revealed
from frs_ros.robot.scripted import Event

if TYPE_CHECKING:
    from frs_ros.arm.models import ArmModel

SILENCE = 1.0  # s without a state after which it is a fault, as libfranka's time limit
LONGEST = 60.0  # s that are simulated at once; what is beyond that never happened


class KinematicDriver:
    """A `RobotDriver` without a robot.

    Nothing runs by itself: each call first simulates, in steps of 2 ms, the time that has passed
    on the clock. Commands are held against limits stricter than the model's (`strictness`): one
    that violates them makes a reflex, as on a robot, so that `command` does not raise but the
    fault is set.
    """

    def __init__(
        self,
        model: ArmModel,
        *,
        kinematics: Kinematics | None = None,
        clock: Callable[[], float] = time.monotonic,
        script: Sequence[Event] = (),
        start: np.ndarray | None = None,
    ) -> None:
        """Prepares; `connect` starts the robot's time at 0.

        Args:
            model: Limits and home position.
            kinematics: Of the tool; the model's own if None.
            clock: Seconds; tests turn it by hand.
            script: What goes wrong and when, see `frs_ros.robot.scripted`; tests may change it.
            start: [7] where the arm stands first, rad; the model's home if None.
        """
        self._model = model
        self._kinematics = kinematics
        self._clock = clock
        self._arm = ArmSimulation(model.limits, model.home if start is None else start, script)
        self._lock = threading.RLock()
        self._origin: float | None = None  # clock at the robot's time 0; None: not connected
        self._fault: Fault | None = None

    def connect(self, timeout: float) -> RobotInfo:
        """Starts the robot's time; at once, whatever the `timeout`."""
        with self._lock:
            if self._kinematics is None:
                from frs_ros.arm.kinematics import PinocchioKinematics

                self._kinematics = PinocchioKinematics.of_model(self._model)
            if self._origin is None:
                self._origin = self._clock() - self._arm.time
            return RobotInfo(
                model=self._model.name,
                limits=self._model.limits,
                gripper_max_width=GRIPPER_WIDTH,
                simulated=True,
            )

    def read(self) -> ArmState:
        """The newest state that has arrived."""
        with self._lock:
            origin, kinematics = self._advance(), self._kinematics
            assert kinematics is not None  # since `connect`
            seen = self._arm.seen
            return replace(seen, read_at=origin + seen.time, pose=kinematics.pose(seen.q))

    def start(self, mode: ControlMode) -> None:
        """Follows commands; the first reference is where the arm is."""
        with self._lock:
            self._advance()
            self._refuse_fault()
            self._arm.start(mode)

    def command(self, command: JointCommand) -> None:
        """Hands a reference over; one that violates a limit makes a reflex."""
        with self._lock:
            self._advance()
            self._refuse_fault()
            command = checked(command)
            if self._arm.mode is None and not self._arm.silent:
                raise self._error(FaultKind.REFUSED, 'control has not been started')
            self._arm.command(command)
            self._notice()

    def gripper(self, closed: bool) -> None:
        """Sends the fingers; they arrive later."""
        with self._lock:
            self._advance()
            self._refuse_fault()
            self._arm.gripper(closed)

    def stop(self) -> None:
        """Ramps to rest and ends control."""
        with self._lock:
            if self._origin is not None:
                self._advance()
            self._arm.stop()

    def recover(self) -> None:
        """Clears the fault, unless the script says that its cause goes on."""
        with self._lock:
            self._advance()
            if self._fault is None:
                return
            if self._arm.stopped_by_user:
                raise self._error(FaultKind.USER_STOP, USER_STOP)
            if self._arm.silent:
                raise self._error(FaultKind.COMMUNICATION, SILENT)
            self._arm.clear()
            self._fault = None

    def close(self) -> None:
        """Stops; the robot's time stands still until the next `connect`."""
        with self._lock:
            self.stop()
            self._origin = None

    @property
    def fault(self) -> Fault | None:
        """The sticky fault, as of the last call."""
        return self._fault

    def _advance(self) -> float:
        """Simulates what has passed on the clock since the last call; returns the origin."""
        if self._origin is None:
            raise self._error(FaultKind.CONNECTION, 'the arm is not connected')
        behind = self._clock() - self._origin - self._arm.time
        if behind > LONGEST:
            self._origin += behind - LONGEST
            behind = LONGEST
        for _ in range(math.floor(behind / STEP + 1e-6)):
            self._arm.step()
            self._notice()
        return self._origin

    def _notice(self) -> None:
        """Sets the fault once the robot shows one, or has been silent for long."""
        if self._fault is not None or self._origin is None:
            return
        now = self._origin + self._arm.time
        self._fault = revealed(self._arm.seen, now)
        if self._fault is None and self._arm.time - self._arm.seen.time > SILENCE:
            self._fault = Fault(FaultKind.COMMUNICATION, SILENT, time=now)

    def _refuse_fault(self) -> None:
        if self._fault is not None:
            raise RobotError(self._fault)

    def _error(self, kind: FaultKind, text: str) -> RobotError:
        return RobotError(Fault(kind, text, time=self._clock()))
