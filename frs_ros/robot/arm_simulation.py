# SPDX-License-Identifier: Apache-2.0
"""The robot's side of the kinematic simulation: it moves, meets its script, and is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.robot.base import ArmState, ControlMode, JointCommand, RobotMode
from frs_ros.robot.plant import GripperPlant, JointPlant
from frs_ros.robot.scripted import (
    CommunicationLoss,
    Event,
    Push,
    Reflex,
    SlowState,
    StuckGripper,
    UserStop,
)
from frs_ros.robot.strictness import violation

STEP = 0.002  # s, of the simulation
DEAD_MAN = 0.2  # s for which a velocity is kept
OVERDUE = 2.0  # s after which a gripper that does not arrive is reported
GRIPPER_WIDTH = 0.08  # m

_E = TypeVar('_E', bound=Event)


class ArmSimulation:
    """An arm with a gripper that is told how much time has passed.

    Attributes:
        time: Since the begin, s.
        seen: The newest state that got out; its pose is not filled in and `read_at` is `time`.
        mode: How it follows commands, None while it does not.
    """

    def __init__(self, limits: JointLimits, start: np.ndarray, script: Sequence[Event]) -> None:
        """Stands at `start` [7], rad; the script may get longer meanwhile."""
        self.time = 0.0
        self.mode: ControlMode | None = None
        self._limits = limits
        self._script = script
        self._joints = JointPlant(start, limits.acceleration)
        self._fingers = GripperPlant(GRIPPER_WIDTH)
        self._reference = JointCommand(self._joints.q, np.zeros(7))
        self._commanded = 0.0  # when the reference came
        self._errors: tuple[str, ...] = ()
        self.seen = self._appearance()

    @property
    def silent(self) -> bool:
        """Whether nothing gets through, in either direction."""
        return self._now(CommunicationLoss) is not None

    @property
    def stopped_by_user(self) -> bool:
        """Whether the stop button is pressed."""
        return self._now(UserStop) is not None

    def step(self) -> None:
        """Lets `STEP` seconds pass."""
        self.time += STEP
        for event in self._script:
            if isinstance(event, Reflex) and 0 <= self.time - event.at < STEP:
                self._reflex(event.error)
        if self.silent and self.mode is not None:  # it misses our packets
            self._reflex('communication_constraints_violation')
        if self.stopped_by_user:
            self.mode = None
        self._move()
        slow = self._now(SlowState)
        if slow is None or self.time - self.seen.time >= slow.period - STEP / 2:
            self._show()

    def start(self, mode: ControlMode) -> None:
        """Follows commands, from where the arm is."""
        self.mode = mode
        self._reference = JointCommand(self._joints.q, np.zeros(7))
        self._commanded = self.time
        self._show()

    def command(self, command: JointCommand) -> None:
        """Takes a reference; one that violates a limit makes a reflex."""
        if self.silent or self.mode is None:
            return
        wrong = violation(
            self._limits,
            self.mode,
            command,
            self._in_force(),
            self._joints.q,
            self.time - self._commanded,
        )
        if wrong:
            self._reflex(wrong)
        else:
            self._reference, self._commanded = command, self.time

    def gripper(self, closed: bool) -> None:
        """Sends the fingers."""
        if not self.silent:
            self._fingers.go(closed)

    def stop(self) -> None:
        """Ramps to rest and ends control."""
        self.mode = None
        self._show()

    def clear(self) -> None:
        """Forgets the errors, as an error recovery does."""
        self.mode, self._errors = None, ()
        self._show()

    def _move(self) -> None:
        reference = self._in_force()
        if self.mode is ControlMode.IMPEDANCE:
            self._joints.track(reference.q, STEP)
        elif self.mode is ControlMode.VELOCITY and not self._let_go():
            self._joints.glide(reference.dq, STEP)
        else:
            self._joints.brake(STEP)
        self._fingers.step(STEP, self._now(StuckGripper) is not None)
        q = self._joints.q
        if self.mode and ((q < self._limits.low) | (q > self._limits.high)).any():
            self._reflex('joint_position_limits_violation')

    def _let_go(self) -> bool:
        """Whether the dead-man's time is over."""
        return self.mode is ControlMode.VELOCITY and self.time - self._commanded > DEAD_MAN

    def _in_force(self) -> JointCommand:
        """What the joints follow; after the dead-man's time, wherever they are in their ramp."""
        return replace(self._reference, dq=self._joints.dq) if self._let_go() else self._reference

    def _reflex(self, error: str) -> None:
        self.mode = None
        self._errors = self._errors or (error,)
        self._show()

    def _show(self) -> None:
        if not self.silent:
            self.seen = self._appearance()

    def _appearance(self) -> ArmState:
        push = self._now(Push)
        return ArmState(
            time=self.time,
            read_at=self.time,
            q=self._joints.q,
            dq=self._joints.dq,
            pose=np.eye(4),
            wrench_external=np.array([*(push.force if push else (0.0,) * 3), 0.0, 0.0, 0.0]),
            mode=self._robot_mode(),
            errors=self._errors,
            success_rate=1.0,
            gripper_width=self._fingers.width,
            gripper_line='the gripper does not arrive' if self._fingers.overdue > OVERDUE else '',
        )

    def _robot_mode(self) -> RobotMode:
        if self.stopped_by_user:
            return RobotMode.USER_STOPPED
        if self._errors:
            return RobotMode.REFLEX
        return RobotMode.IDLE if self.mode is None else RobotMode.MOVE

    def _now(self, kind: type[_E]) -> _E | None:
        """The event of a kind that is going on."""
        for event in self._script:
            if isinstance(event, kind) and event.active(self.time):
                return event
        return None
