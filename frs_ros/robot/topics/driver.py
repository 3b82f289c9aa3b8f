# SPDX-License-Identifier: Apache-2.0
"""Drives an arm through the controllers that a lab has: states and references are topics."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np

from frs_ros.arm.kinematics import Kinematics, PinocchioKinematics
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
from frs_ros.robot.guard import AHEAD, refusal
from frs_ros.robot.topics.checks import FollowWatch, step_too_large
from frs_ros.robot.topics.options import Options
from frs_ros.robot.topics.transport import (
    FORWARD,
    TARGET_POSE,
    Target,
    Transport,
    TransportError,
)
from frs_ros.robot.topics.watch import SILENCE, Watch
from frs_ros.safety.smoothing import LONGEST, MovingAverage

FRESH = 0.3  # s; an older state is not begun with
ANSWERED = 1.2  # s for which `start` waits for that, longer than the transport does
PAUSE = 0.02  # s between two looks while connecting
RAMP_STEP, RAMP_LONGEST = 0.005, 1.0  # s
STALE = 0.2  # s after which a reference has been reached: there is no ramp from it
UNFOLLOWED = (
    'the arm does not follow: is the controller active (ros2 control list_controllers), and has '
    'the robot stopped itself? then recover'
)


class TopicsDriver:
    """A `RobotDriver` whose arm is a controller on topics; see docs/robot.md for its guards.

    References are positions, and averaged over a moment before they are sent, since nobody knows
    whether the controller limits the jerk (`safety.smoothing`). In velocity mode they are
    integrated here, not farther than the guard's distance before the arm, so that the arm rests
    when no more velocities come. `stop` leads the reference to rest, which takes a fraction of a
    second, and leaves it there: nobody but the controller can let go.

    The modes of the robot's own (reflex, stop button) are not on any topic that all arms have: the
    arm then stays behind the reference, or its states stop, and that is the fault.
    """

    def __init__(
        self,
        options: Options,
        model: ArmModel,
        transport: Transport,
        *,
        kinematics: Kinematics | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepares; `connect` connects.

        Args:
            options: Joints and so on.
            model: Limits and geometry of the arm.
            transport: Not open.
            kinematics: Of the tool; the model's own if None.
            clock: Seconds; the one that stamps arrivals in the transport.
            sleep: Waits for some s.
        """
        self._options, self._model, self._transport = options, model, transport
        self._kinematics, self._clock, self._sleep = kinematics, clock, sleep
        # The first is held by what begins or ends motion, a ramp long; the second by all else,
        # and never while waiting.
        self._motion, self._lock = threading.RLock(), threading.RLock()
        self._watch: Watch | None = None
        self._fault: Fault | None = None
        self._mode: ControlMode | None = None
        self._reference = JointCommand(np.zeros(JOINTS), np.zeros(JOINTS))
        self._at = -math.inf  # when that came, on the clock
        self._average = MovingAverage(options.smoothing)  # what is sent
        self._follow = FollowWatch()
        self._closed: bool | None = None  # last command for the gripper

    @property
    def fault(self) -> Fault | None:
        """The sticky fault, as of the last call."""
        return self._fault

    def connect(self, timeout: float) -> RobotInfo:
        """Waits for states and for a controller that listens, and to nobody else."""
        with self._motion:
            if self._watch is None:
                if self._kinematics is None:
                    self._kinematics = PinocchioKinematics.of_model(self._model)
                watch = Watch(
                    self._options, self._model, self._transport, self._kinematics, self._clock
                )
                self._transport.open()
                try:
                    self._wait(watch, timeout)
                except BaseException:
                    self._transport.close()
                    raise
                self._watch = watch
            return self._info()

    def read(self) -> ArmState:
        """The newest state that has arrived."""
        with self._lock:
            watch = self._connected()
            watch.drain()
            fault = watch.trouble(SILENCE)
            if fault is not None:
                self._report(fault)
            return watch.state(self._mode is not None, self._closed)

    def start(self, mode: ControlMode) -> None:
        """Makes where the arm is the reference, and follows commands from there."""
        with self._motion:
            self.stop()
            fault = self._trouble_at_start()
            with self._lock:
                watch = self._ready()
                watch.drain()
                if fault is not None:
                    self._report(fault)
                    raise RobotError(fault)
                self._reference = JointCommand(watch.q, np.zeros(JOINTS))
                self._at = self._clock()
                self._average.begin(watch.q)
                self._follow.begin()
                self._send(watch.q)
                self._mode = mode

    def command(self, command: JointCommand) -> None:
        """Sends a reference; one that would make the arm jump is refused with a fault."""
        with self._lock:
            measured, limits = self._ready().q, self._model.limits
            command = checked(command)
            mode, now = self._mode, self._clock()
            if mode is None:
                raise self._error(FaultKind.REFUSED, 'control has not been started')
            passed = max(now - self._at, 0.0)
            reason = refusal(mode, command, measured, limits)
            if mode is ControlMode.VELOCITY:
                command = self._integrated(command, measured, passed)
            reason = reason or step_too_large(command.q, self._reference.q, passed, limits)
            if reason:
                raise self._reported(FaultKind.REFUSED, f'not sent: {reason}')
            self._reference, self._at = command, now
            set_point = self._average.move(command.q, min(passed, LONGEST))
            self._send(set_point)
            if self._follow.left_behind(set_point, measured, now):
                raise self._reported(FaultKind.LOST_CONTROL, UNFOLLOWED)

    def gripper(self, closed: bool) -> None:
        """Sends the fingers; they arrive later."""
        with self._lock:
            self._ready()
            again = closed is self._closed and not self._transport.gripper_line
            if self._options.gripper and not again:
                self._transport.gripper(closed)
            self._closed = closed

    def stop(self) -> None:
        """Leads the reference to rest and leaves it there; from then on nothing is sent."""
        with self._motion:
            with self._lock:
                mode, self._mode = self._mode, None
                reference, now = self._reference, self._clock()
                contested = self._watch is not None and self._watch.contested
                at, reached = max(self._at, now - LONGEST), now - self._at > STALE
            if mode is not None and not contested and not reached:
                self._ramp(reference, at)

    def recover(self) -> None:
        """Clears the fault if states come, the controller listens and nobody else commands it."""
        with self._motion, self._lock:
            watch = self._connected()
            if self._fault is None:
                return
            watch.drain()
            fault = watch.trouble(FRESH, starting=True)
            if fault is not None:
                raise RobotError(fault)
            self._fault = None

    def close(self) -> None:
        """Stops, and leaves the topics."""
        with self._motion:
            self.stop()
            with self._lock:
                watch, self._watch = self._watch, None
            if watch is not None:
                self._transport.close()

    def _info(self) -> RobotInfo:
        options, missing = self._options, []
        if not (options.wrench or options.torques):
            missing.append('no external forces are known: contact does not stop the arm')
        elif not (options.wrench and options.torques):
            unknown = 'joint torques' if options.wrench else 'wrench at the tool'
            missing.append(f'no external {unknown} known: contact limits of that do not act')
        return RobotInfo(
            model=self._model.name,
            limits=self._model.limits,
            gripper_max_width=options.gripper_width if options.gripper else 0.0,
            smoothing=options.smoothing,
            unfiltered=options.command == FORWARD,
            missing=tuple(missing),
        )

    def _wait(self, watch: Watch, timeout: float) -> None:
        """Until nothing is in the way; RobotError that names what is, after `timeout` s."""
        end = self._clock() + timeout
        while True:
            watch.drain()
            fault = watch.trouble(FRESH, starting=True)
            if fault is None:
                return
            if self._clock() >= end:
                raise self._error(FaultKind.CONNECTION, fault.text)
            self._sleep(PAUSE)

    def _trouble_at_start(self) -> Fault | None:
        """What is in the way; a listener that is new has time to say what its joints are."""
        end = self._clock() + ANSWERED
        while True:
            with self._lock:
                watch = self._ready()
                watch.drain()
                fault = watch.trouble(FRESH, starting=True)
                if fault is None or not watch.asking or self._clock() >= end:
                    return fault
            self._sleep(PAUSE)

    # ---- faults --------------------------------------------------------------------------------

    def _report(self, fault: Fault) -> None:
        """Keeps the first of a row of faults; who watches `fault` stops the arm."""
        if self._fault is None:
            self._fault = fault

    def _reported(self, kind: FaultKind, text: str) -> RobotError:
        error = self._error(kind, text)
        self._report(error.fault)
        return error

    def _connected(self) -> Watch:
        if self._watch is None:
            raise self._error(FaultKind.CONNECTION, 'the arm is not connected')
        return self._watch

    def _ready(self) -> Watch:
        watch = self._connected()
        if self._fault is not None:
            raise RobotError(self._fault)
        return watch

    def _error(self, kind: FaultKind, text: str) -> RobotError:
        return RobotError(Fault(kind, text, time=self._clock()))

    # ---- what is sent --------------------------------------------------------------------------

    def _integrated(
        self, command: JointCommand, measured: np.ndarray, passed: float
    ) -> JointCommand:
        """A velocity as the position it leads to; not far before the arm that may be held up."""
        limits = self._model.limits
        q = self._reference.q + command.dq * min(passed, LONGEST)
        q = np.clip(q, measured - AHEAD / 2, measured + AHEAD / 2)
        return JointCommand(np.clip(q, limits.low, limits.high), command.dq)

    def _ramp(self, begin: JointCommand, at: float) -> None:
        """From a reference to rest, on the way it was on, and what is sent comes after."""
        fastest = float(np.abs(begin.dq).max())
        length = min(fastest / self._options.deceleration, RAMP_LONGEST)
        end, before = length + self._options.smoothing, 0.0
        for _ in range(math.ceil(end / RAMP_STEP) + 1):
            passed = min(self._clock() - at, end)
            for t in (length, passed) if before < length < passed else (passed,):
                set_point = self._average.move(self._braked(begin, t, length), t - before)
                before = t
            try:
                self._transport.send(self._target(set_point))
            except TransportError:
                return  # nobody can be told any more
            if passed >= end:
                return
            self._sleep(RAMP_STEP)

    def _braked(self, begin: JointCommand, passed: float, length: float) -> np.ndarray:
        """[7] rad, where a reference is after `passed` of the `length` s that it brakes for."""
        passed, limits = min(passed, length), self._model.limits
        travelled = passed - passed**2 / (2 * max(length, 1e-9))
        return np.clip(begin.q + begin.dq * travelled, limits.low, limits.high)

    def _send(self, q: np.ndarray) -> None:
        try:
            self._transport.send(self._target(q))
        except TransportError as error:
            raise self._reported(FaultKind.COMMUNICATION, f'not sent: {error}') from error

    def _target(self, q: np.ndarray) -> Target:
        if self._options.command != TARGET_POSE:
            return Target(q)
        assert self._kinematics is not None
        return Target(q, self._kinematics.pose(q))
