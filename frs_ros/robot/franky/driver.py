# SPDX-License-Identifier: Apache-2.0
"""Drives a Franka arm, or its simulation by franky-sim, through the library franky."""

from __future__ import annotations

import atexit
import contextlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from frs_ros.arm.limits import JOINTS
from frs_ros.arm.models import ArmModel
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
from frs_ros.robot.franky.bounded import within
from frs_ros.robot.franky.connect import Connection, Options, connect, described, load_franky
from frs_ros.robot.franky.control import Control
from frs_ros.robot.franky.faults import classify
from frs_ros.robot.franky.gripper import GripperWorker
from frs_ros.robot.franky.limits import apply_limits
from frs_ros.robot.franky.monitor import Monitor
from frs_ros.robot.guard import refusal
from frs_ros.robot.revealed import SILENT, by_errors, revealed

RECOVERY = 5.0  # s that the robot's own error recovery may take, and a connection made anew
FRESH = 1.5  # s within which a state must come; libfranka gives up after 1 s
# A silent robot is not sent a new velocity motion: the attempt would wait for its state.
SILENCE = 0.1  # s


@dataclass(frozen=True)
class Session:
    """What lives from one connection to its end."""

    control: Control
    monitor: Monitor
    gripper: GripperWorker | None
    gripper_line: str
    info: RobotInfo


class FrankyDriver:
    """A `RobotDriver` for one Franka arm with the Franka Hand.

    Impedance mode is DROID's hybrid joint impedance; its velocity reference is always zero, as
    there. Velocity mode is franky's joint velocity motion of 0.2 s: without a new command the
    robot ramps to rest by itself, and goes on with the next one. `stop` begins a ramp and returns.

    The pose in the state is the tool centre point of our model (0.1034 m before the flange), see
    `state.arm_state`.
    """

    def __init__(
        self,
        options: Options,
        model: ArmModel,
        *,
        franky: ModuleType | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares; `connect` connects.

        Args:
            options: Address, collision thresholds and so on.
            model: Limits and tool of the arm at that address.
            franky: The library, or something like it; imported by `connect` if None.
            clock: Seconds, stamps states and faults.
        """
        self._options = options
        self._model = model
        self._franky_module = franky
        self._clock = clock
        self._lock = threading.RLock()  # of connect, start, recover and close
        self._session: Session | None = None
        self._timeout = 5.0
        self._fault: Fault | None = None

    @property
    def fault(self) -> Fault | None:
        """The sticky fault."""
        return self._fault

    def connect(self, timeout: float) -> RobotInfo:
        """Connects, sets the limits and begins to read; the gripper may be missing."""
        with self._lock:
            if self._session is None:
                self._timeout = timeout
                self._session = self._open(timeout)
            return self._session.info

    def read(self) -> ArmState:
        """The newest state, some milliseconds old at most while the robot speaks."""
        session = self._connected()
        gripper, newest = session.gripper, session.monitor.newest
        if session.info.simulated:
            # franky-sim gives the torques of its motors here; nothing ever touches its arm
            newest = replace(newest, tau_external=np.zeros(JOINTS))
        return replace(
            newest,
            gripper_width=gripper.width if gripper else math.nan,
            gripper_line=gripper.line if gripper else session.gripper_line,
        )

    def start(self, mode: ControlMode) -> None:
        """Ends a motion that runs, and follows commands from where the arm then is."""
        with self._lock:
            session = self._ready()
            session.control.stop()
            try:
                session.control.settle()
                state = session.monitor.fresh(FRESH)
                if state is None:
                    raise TimeoutError
                session.control.start(mode, state.q)
            except Exception as error:
                fault = classify(self._franky, error, self._clock())
                self._report(fault)
                raise RobotError(fault) from error
            if self._fault is not None:  # noticed meanwhile
                session.control.stop()
                raise RobotError(self._fault)

    def command(self, command: JointCommand) -> None:
        """Hands a reference over; one that would cost the control is refused with a fault."""
        session = self._ready()
        command = checked(command)
        mode, state = session.control.mode, session.monitor.newest
        if mode is None:
            raise self._error(FaultKind.REFUSED, 'control has not been started')
        reason = refusal(mode, command, state.q, session.info.limits)
        if reason:
            fault = Fault(FaultKind.REFUSED, f'not sent: {reason}', time=self._clock())
            self._report(fault)
            raise RobotError(fault)
        if mode is ControlMode.VELOCITY and self._clock() - state.read_at > SILENCE:
            return
        try:
            session.control.send(command)
        except Exception as error:
            fault = classify(self._franky, error, self._clock())
            self._report(fault)
            raise RobotError(fault) from error

    def gripper(self, closed: bool) -> None:
        """Tells the gripper's worker; without a gripper nothing happens."""
        session = self._ready()
        if session.gripper is not None:
            session.gripper.command(closed)

    def stop(self) -> None:
        """Begins a ramp to rest; if it does not end within 1.2 s the motion is cut off."""
        session = self._session
        if session is not None:
            session.control.stop()

    def recover(self) -> None:
        """Has the robot clear its errors, and connects anew if the connection was lost."""
        with self._lock:
            if self._fault is None:
                self._connected()
                return
            if self._session is None or self._session.monitor.lost:
                self._end_session()
                self._session = self._open(min(self._timeout, RECOVERY))
            self._clear_errors(self._session)
            self._fault = None

    def close(self) -> None:
        """Stops with a ramp, waits for its end and disconnects."""
        with self._lock:
            self._end_session()
            atexit.unregister(self.close)

    @property
    def _franky(self) -> ModuleType:
        if self._franky_module is None:
            self._franky_module = load_franky()
        return self._franky_module

    def _open(self, timeout: float) -> Session:
        connection = connect(self._franky, self._options, timeout, self._clock)
        try:
            session = self._session_of(connection)
        except Exception as error:
            raise RobotError(classify(self._franky, error, self._clock())) from error
        # A thread that is inside the library at the exit would abort the process. Anew each time,
        # so that this comes before what the session's own threads have registered.
        atexit.unregister(self.close)
        atexit.register(self.close)
        return session

    def _session_of(self, connection: Connection) -> Session:
        robot = connection.robot
        limits = apply_limits(robot, self._model)
        control = Control(self._franky, robot, limits)
        monitor = Monitor(
            self._franky, robot, control, self._model.tool, self._clock, self._report
        )
        gripper = None
        if connection.gripper is not None:
            gripper = GripperWorker(
                connection.gripper,
                connection.gripper_width,
                speed=self._options.gripper_speed,
                force=self._options.gripper_force,
                clock=self._clock,
            )
        info = RobotInfo(
            model=described(robot.model_urdf or '') or self._model.name,
            limits=limits,
            urdf=robot.model_urdf or '',
            gripper_max_width=connection.gripper_width,
            simulated=self._options.address.startswith(('127.', 'localhost')),
        )
        return Session(control, monitor, gripper, connection.gripper_line, info)

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        session.control.stop()
        if session.gripper is not None:
            session.gripper.end()
        with contextlib.suppress(Exception):  # what went wrong is of no use to anybody any more
            session.control.settle()
        session.monitor.end(FRESH)
        session.control.release()

    def _clear_errors(self, session: Session) -> None:
        """Raises a RobotError if the cause is still there."""
        state = session.monitor.fresh(FRESH)
        if state is None:
            raise self._error(FaultKind.COMMUNICATION, SILENT)
        fault = revealed(state, self._clock())
        if fault is not None and fault.kind is FaultKind.USER_STOP:
            raise RobotError(fault)
        with contextlib.suppress(Exception):  # the reason of the fault, told again
            session.control.stop()
            session.control.settle()
        try:
            cleared = within(RECOVERY, session.control.clear_errors)
        except Exception as error:
            raise RobotError(classify(self._franky, error, self._clock())) from error
        state = session.monitor.fresh(FRESH)
        still = revealed(state, self._clock()) if state else None
        if still is not None or not cleared:
            raise RobotError(still or by_errors((), self._clock()))

    def _report(self, fault: Fault) -> None:
        """Keeps the first of a row of faults."""
        if self._fault is None:
            self._fault = fault
        session = self._session
        if session is not None:
            session.control.stop()

    def _connected(self) -> Session:
        session = self._session
        if session is None:
            raise self._error(FaultKind.CONNECTION, 'the arm is not connected')
        return session

    def _ready(self) -> Session:
        session = self._connected()
        if self._fault is not None:
            raise RobotError(self._fault)
        return session

    def _error(self, kind: FaultKind, text: str) -> RobotError:
        return RobotError(Fault(kind, text, time=self._clock()))
