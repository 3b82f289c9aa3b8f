# SPDX-License-Identifier: Apache-2.0
"""From actions to commands: action space, safety envelope and driver in a row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from frs_ros.arm.action_spaces.base import ActionSpaceExecutor
from frs_ros.robot.base import ArmState, ControlMode, JointCommand, RobotDriver
from frs_ros.robot.player import Due
from frs_ros.safety.envelope import Reference, Rejected, SafetyEnvelope, Step
from frs_ros.safety.smoothing import LONGEST

NOMINAL = 0.01  # s, length of the first step
# rad by which the target of a space that integrates may be ahead of the arm: one that was held up
# is not to be driven on for long when it comes free
LEAD = 0.2


class Motion:
    """Moves the reference of the driver, always through the envelope.

    Attributes:
        running: Whether the driver follows commands.
        reference: Where the driver was last told to be.
        clipped_by: Limits that changed the last command.
        commands: Commands sent.
        clipped: Those of them that a limit changed.
        rows: Actions begun.
    """

    def __init__(
        self,
        driver: RobotDriver,
        executor: ActionSpaceExecutor,
        envelope: SafetyEnvelope,
        mode: ControlMode,
        period: float,
    ) -> None:
        """Puts the parts together; `period` is how long an action lasts, s."""
        self._driver, self._executor, self._envelope = driver, executor, envelope
        self._mode, self._period = mode, period
        self.running = False
        self.reference: Reference | None = None
        self.clipped_by: tuple[str, ...] = ()
        self.commands = self.clipped = self.rows = 0
        self._row: tuple[int, int] | None = None
        self._target = np.zeros(7)
        self._stepped_at: float | None = None

    def follow(self, due: Due, state: ArmState, now: float) -> None:
        """Goes on towards what an action asks for.

        The target is computed once per row, from where the arm is when the row begins, or from the
        target of the row before: what a policy means by it is up to the action space.
        """
        if due.key != self._row:
            start = self._start_of_row(state.q)
            self._target = self._executor.target(due.action, start, self._period)
            self._row = due.key
            self.rows += 1
        self.towards(self._target, state, now)

    def towards(self, target: np.ndarray, state: ArmState, now: float) -> None:
        """Goes on towards joint positions [7]; starts control if need be.

        Raises:
            RobotError: The driver cannot.
            Rejected: The target is unusable; nothing was sent.
        """
        state = self._begin(state)
        reference = self._anchored(state)
        self._send(self._envelope.step(reference, target, state.q, self._interval(now)), now)

    def brake(self, state: ArmState, now: float) -> None:
        """Comes to rest and stays there, under control; RobotError if the driver cannot."""
        if not self.running:
            return
        self._row = None
        reference = self._anchored(state)
        self._send(self._envelope.brake(reference, state.q, self._interval(now)), now)

    def stop(self) -> None:
        """Ends control with the driver's own ramp; never raises."""
        self._driver.stop()
        self.running, self.reference, self._row = False, None, None
        self.clipped_by, self._stepped_at = (), None

    def _begin(self, state: ArmState) -> ArmState:
        """Starts control if need be; the state of now, since that may have taken a while."""
        if self.running:
            return state
        self._driver.start(self._mode)
        self.running = True
        state = self._driver.read()
        try:
            self.reference = self._envelope.begin(state.q)
        except Rejected:
            self.stop()
            raise
        return state

    def _start_of_row(self, measured: np.ndarray) -> np.ndarray:
        """[7] rad, what the action of a new row adds to."""
        if not self._executor.integrates or self._row is None:
            return measured
        return np.clip(self._target, measured - LEAD, measured + LEAD)

    def _anchored(self, state: ArmState) -> Reference:
        """The reference; velocities alone do not keep a position, so it is the measured one."""
        assert self.reference is not None
        if self._mode is ControlMode.VELOCITY:
            return replace(self.reference, q=state.q.copy())
        return self.reference

    def _interval(self, now: float) -> float:
        last = self._stepped_at
        return NOMINAL if last is None else min(max(now - last, 1e-4), LONGEST)

    def _send(self, step: Step, now: float) -> None:
        self._driver.command(JointCommand(step.reference.q, step.reference.dq))
        self.reference, self._stepped_at = step.reference, now
        self.clipped_by = step.clipped_by
        self.commands += 1
        self.clipped += bool(step.clipped_by)
