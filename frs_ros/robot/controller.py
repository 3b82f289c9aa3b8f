# SPDX-License-Identifier: Apache-2.0
"""The robot controller without ROS: chunks in, commands out, and never against the rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frs_ros.arm.action_spaces.registry import make_action_space
from frs_ros.arm.kinematics import Kinematics
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.robot.base import ArmState, ControlMode, Fault, RobotDriver, RobotError, RobotInfo
from frs_ros.robot.cell_state import WAITING, CellState, CellStateMachine, NotNow
from frs_ros.robot.commanders import Commanders
from frs_ros.robot.driver_guard import DriverGuard, program_fault, unusable
from frs_ros.robot.gripper_command import GripperCommand
from frs_ros.robot.holding import Holding
from frs_ros.robot.homing import Homing
from frs_ros.robot.inputs import Inputs
from frs_ros.robot.motion import Motion
from frs_ros.robot.plans import Episode, Plans
from frs_ros.robot.settings import CellSettings
from frs_ros.robot.status import Status, status_of
from frs_ros.safety.admission import AdmissionRules
from frs_ros.safety.envelope import SafetyEnvelope
from frs_ros.safety.rejected import Rejected

STANDSTILL = 0.05  # rad/s below which the arm counts as at rest
MOVES = 'waits for the arm to come to rest'
LATE = 'no fresh chunk from the policy server'
RUNNING = (CellState.ACTIVE, CellState.HOLD)


@dataclass(frozen=True)
class Rules:
    """What is executed, and how; the node's parameters.

    Attributes:
        space: One of `types.ACTION_SPACES`.
        control_hz: Rate of the actions; the only one taken.
        mode: How the robot follows.
        cameras: Whose images must keep coming.
        image_timeout: s without a new image after which the arm holds.
        image_max_age: s by which the stamp of an image may be off: an older one is no new one.
        chunk_span: s that the actions of a chunk may last together.
        chunk_execution: s that a chunk may be executed without a new one.
    """

    space: str
    control_hz: float
    mode: ControlMode = ControlMode.IMPEDANCE
    cameras: tuple[str, ...] = ()
    image_timeout: float = 0.167
    image_max_age: float = 0.5
    chunk_span: float = 4.0
    chunk_execution: float = 2.0


class ArmController:
    """Composes plans, motion through the safety envelope, and what ends or pauses it.

    Call `tick` at 100 Hz or so, and the `on_...` methods as things arrive; all from one thread.
    The controller's own time is monotonic; stamps live on another clock and are only compared
    with each other, so a jump of that clock gives refused chunks and never motion.

    Attributes:
        model: Name of the arm.
        gripper_width: The largest, m.
    """

    def __init__(
        self,
        driver: RobotDriver,
        info: RobotInfo,
        kinematics: Kinematics,
        rules: Rules,
        cell: CellSettings,
        *,
        clock: Callable[[], float],
        stamp: Callable[[], int],
        ask: Callable[[PlanRequest], None],
        report: Callable[[Exception], None] = lambda error: None,
        census: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        """Takes over a connected robot; nothing moves yet.

        Args:
            driver: Connected.
            info: What `connect` returned.
            kinematics: Of this arm.
            rules: What is executed.
            cell: What is allowed in this cell.
            clock: Monotonic, s; the one that the driver reads, too.
            stamp: Now as a stamp, ns.
            ask: Sends a request out.
            report: Is told of exceptions of the driver that are errors of the program.
            census: Who publishes chunks now, for `on_commanders`; None if nobody can tell.
        """
        self._driver = guarded = DriverGuard(driver, clock, report)
        self._holding, self._contact = Holding(cell.watchdog.stop_after), cell.contact_limit
        self._clock, self._stamp, self._ask_out = clock, stamp, ask
        executor = make_action_space(rules.space, kinematics)
        envelope = SafetyEnvelope(info.limits, kinematics, cell.envelope, smoothing=info.smoothing)
        self._motion = Motion(guarded, executor, envelope, rules.mode, 1.0 / rules.control_hz)
        self._homing = Homing(self._motion, cell.home.joints, cell.home.timeout)
        self._gripper = GripperCommand(guarded, executor, cell.gripper.interval)
        self._inputs = Inputs(
            rules.cameras,
            image_timeout=rules.image_timeout,
            image_max_age=rules.image_max_age,
            state_timeout=cell.watchdog.state_timeout,
        )
        admission = AdmissionRules(
            rules.space,
            executor.action_dim,
            rules.control_hz,
            episode_id='',
            span=rules.chunk_span,
            execution=rules.chunk_execution,
        )
        self._plans = Plans(admission, cell.watchdog.bridge_periods, Commanders(census))
        self.model, self.gripper_width = info.model, info.gripper_max_width
        self._machine = CellStateMachine()
        self._machine.connected()
        self._rows_before, self._chunk_to_command = 0, math.nan
        self._state = guarded.read()
        self._gripper.assume(self._state, info.gripper_max_width)

    # ---- what is to be seen --------------------------------------------------------------------

    @property
    def arm(self) -> ArmState:
        """The state of the arm as of the last tick."""
        return self._state

    @property
    def gripper_command(self) -> float:
        """Last command for the gripper, -1 open .. +1 closed."""
        return self._gripper.command

    @property
    def episode(self) -> tuple[str, int]:
        """Id of the present or last episode, and how many of its actions have been begun."""
        return self._plans.episode.episode_id, self._motion.rows - self._rows_before

    @property
    def status(self) -> Status:
        """Everything an operator must see."""
        parts = self._machine, self._motion, self._plans
        return status_of(*parts, self._state, self._chunk_to_command)

    # ---- events --------------------------------------------------------------------------------

    def tick(self) -> None:
        """Time passed: looks at everything, sends the next command, asks for the next chunk."""
        now = self._clock()
        try:
            self._state = self._driver.read()
        except RobotError as error:  # not even connected any more
            self._fail(error.fault)
        self._watch(now)
        self._move(now)
        self._ask(now)

    def on_image(self, camera: str, stamp_ns: int) -> None:
        """An image of a camera was taken."""
        self._inputs.image(camera, stamp_ns, self._clock(), self._stamp())

    def on_commanders(self, present: Mapping[str, str]) -> None:
        """Who publishes chunks: endpoint id -> full name of its node."""
        self._plans.commanders.seen(present, self._clock())
        self._watch_rivals()

    def on_chunk(
        self, chunk: ActionChunk, arrived: float | None = None, endpoint: str = ''
    ) -> None:
        """A chunk arrived: the first command from it goes out before this returns.

        Args:
            chunk: As received.
            arrived: When it reached this computer, on the controller's clock; None for now.
            endpoint: Id of its publisher, '' if the middleware does not tell.
        """
        now = self._clock()
        if not self._is_heard(endpoint, chunk.request_id):
            return
        if self._machine.state not in RUNNING:
            state = self._machine.state.name
            self.refuse(chunk.request_id, f'chunk {chunk.request_id}: the controller is {state}')
            return
        try:
            self._plans.take(chunk, now, self._stamp())
        except Rejected:
            return
        before = self._motion.commands
        self._move(now)
        if self._motion.commands > before:
            self._chunk_to_command = self._clock() - (now if arrived is None else arrived)

    def refuse(self, request_id: int, reason: str, endpoint: str = '') -> None:
        """A chunk is not taken: it is unreadable, say; `endpoint` as for `on_chunk`."""
        if self._is_heard(endpoint, request_id):
            self._plans.refuse(request_id, reason, self._clock())

    def _is_heard(self, endpoint: str, request_id: int) -> bool:
        """Whether a chunk came from somebody who is known to publish; if not, that is counted."""
        known = self._plans.commanders.heard(endpoint, self._clock())
        self._watch_rivals()
        if not known:
            self._plans.ignore(f'chunk {request_id} is from a publisher that nobody knows')
        return known

    def crashed(self, error: Exception) -> None:
        """An error of the program, wherever: a controlled stop and a fault; never raises."""
        latched = self._machine.fail(program_fault('the controller', error, self._clock()))
        if latched or self._motion.running:
            self._quiet()

    # ---- what the operator asks ----------------------------------------------------------------

    def start_episode(self, episode_id: str, instruction: str, seed: int) -> None:
        """Begins to ask for chunks; the arm moves with the first one. NotNow if disconnected."""
        self.end_episode()
        self._machine.start_episode()
        self._plans.begin(Episode(episode_id, instruction, seed))
        self._gripper.forget()
        self._rows_before = self._motion.rows

    def end_episode(self) -> None:
        """Comes to rest; chunks are refused from now on."""
        if self._machine.state in RUNNING:
            self._quiet()
        self._machine.end_episode()

    def rest(self, reason: str) -> None:
        """Comes to rest whatever is going on; no more ticks will follow."""
        if self._machine.state is CellState.HOMING:
            self._halt(reason)
        self.end_episode()

    def stop(self, reason: str = 'stopped by the operator') -> None:
        """A controlled stop that needs `resume`; NotNow if nothing was going on."""
        if not self._halt(reason, wanted=True):
            raise NotNow(f'nothing to stop: the controller is {self._machine.state.name}')

    def resume(self) -> None:
        """Goes on after a stop, with a chunk planned after this; NotNow if that cannot be."""
        if self._plans.rivals and self._machine.state is CellState.STOPPED:
            raise NotNow(self._plans.rivals)
        self._machine.resume()
        self._plans.forget()
        self._holding.forget()
        self._gripper.forget()

    def home(self) -> None:
        """Begins to move to the start position; NotNow if that cannot be."""
        self._machine.home()
        self._homing.begin(self._clock())

    def recover(self) -> None:
        """Clears a latched fault, if its cause is gone; `resume` is needed to move again."""
        if self._machine.state is not CellState.FAULT:
            raise NotNow(f'no fault is latched: the controller is {self._machine.state.name}')
        if not self._inputs.robot_silence(self._state, self._clock()):  # else the driver knows
            self._refuse_motion()
        try:
            self._driver.recover()
        except RobotError as error:
            raise NotNow(f'not recovered: {error}') from error
        self._machine.recovered()

    def _refuse_motion(self) -> None:
        """NotNow unless the arm is known to be at rest."""
        if problem := unusable(self._state):
            raise NotNow(problem)
        if not self._resting:
            raise NotNow('the arm still moves; wait until it is at rest')

    @property
    def _resting(self) -> bool:
        return bool(abs(self._state.dq).max() <= STANDSTILL)

    def close(self) -> None:
        """Stops in a controlled way and disconnects; idempotent."""
        self._quiet()
        self._driver.close()
        self._machine.disconnected()

    # ---- what ends the motion at once ----------------------------------------------------------

    def _watch(self, now: float) -> None:
        if self._driver.unstopped:
            self._driver.stop()
        fault = self._driver.fault
        if fault is not None:
            self._fail(fault)
        if self._motion.running:
            state = self._state
            contact = self._contact.exceeded(state.wrench_external, state.tau_external)
            if line := unusable(state) or contact:
                self._halt(line)
        self._plans.look(now)
        self._watch_rivals()

    def _watch_rivals(self) -> None:
        if self._plans.rivals and self._machine.state in RUNNING:
            self._halt(self._plans.rivals)

    def _halt(self, reason: str, *, wanted: bool = False) -> bool:
        """A controlled stop that needs `resume`; whether that is new."""
        stopped = self._machine.stop(reason, wanted=wanted)
        if stopped:
            self._quiet()
        return stopped

    def _fail(self, fault: Fault) -> None:
        if self._machine.fail(fault):
            self._quiet()

    def _quiet(self) -> None:
        """Ends control; what was planned so far is never executed."""
        self._motion.stop()
        self._plans.forget()
        self._holding.forget()

    # ---- motion --------------------------------------------------------------------------------

    def _move(self, now: float) -> None:
        """Sends the command of now, if there is to be one."""
        try:
            if self._machine.state is CellState.HOMING:
                self._home(now)
            elif self._machine.state in RUNNING:
                self._follow(now)
        except RobotError as error:
            self._fail(error.fault)

    def _follow(self, now: float) -> None:
        silence = self._inputs.silence(self._state, now)
        if not silence and not self._motion.running and not self._resting:
            silence = MOVES  # control begins at rest
        due = None if silence else self._plans.due(now)
        if due is None:
            self._hold(silence or self._late(), now)
            return
        try:
            self._motion.follow(due, self._state, now)
        except (Rejected, ValueError) as verdict:
            self._plans.drop(str(verdict))
            self._hold(self._late(), now)
            return
        self._machine.go()
        self._holding.over()
        self._gripper.follow(due.action, now)

    def _late(self) -> str:
        """Why there is nothing to execute."""
        if self._plans.refusal:
            return f'{LATE}: {self._plans.refusal}'
        return LATE if self._motion.running else WAITING

    def _hold(self, reason: str, now: float) -> None:
        """Brakes and waits; for too long, it is a stop. Before the first motion it waits on."""
        waits = not self._motion.running
        steady = waits and reason in (WAITING, MOVES)
        self._machine.hold(reason if steady else self._holding.reason(reason, now))
        if waits:
            return
        overdue = self._holding.overdue(now)
        try:
            self._motion.brake(self._state, now)
        except Rejected as verdict:  # pushed away faster than the reference may follow
            self._halt(verdict.reason)
            return
        if overdue:
            if reason.startswith(LATE):
                self._plans.commanders.silent(now)  # its successor is no second commander
            self._halt(reason)

    def _home(self, now: float) -> None:
        state = self._state
        problem, arrived = unusable(state) or self._inputs.robot_silence(state, now), False
        if not problem:
            try:
                arrived = self._homing.step(state, now, resting=self._resting)
            except Rejected as verdict:
                problem = verdict.reason
        if problem:
            self._halt(f'homing: {problem}')
        elif arrived:
            self._quiet()
            self._machine.homed()

    def _ask(self, now: float) -> None:
        if self._machine.state not in RUNNING or self._inputs.silence(self._state, now):
            return
        request = self._plans.request(now, self._stamp())
        if request is not None:
            self._ask_out(request)
