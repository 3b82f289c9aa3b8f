# SPDX-License-Identifier: Apache-2.0
"""A driver that breaks its contract, and a controller that must live with it; by a seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from cell_world import CAMERA, CELL, EPOCH, HZ, KINEMATICS, PERIOD, H

from frs_ros.messages.plan import ActionChunk
from frs_ros.robot.base import ControlMode, Fault, FaultKind, RobotError
from frs_ros.robot.cell_state import CellState, NotNow
from frs_ros.robot.controller import ArmController, Rules
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.scripted import CommunicationLoss, Push, Reflex, SlowState, UserStop
from frs_ros.types import JOINT_DELTA

COMMANDING = (CellState.ACTIVE, CellState.HOLD, CellState.HOMING)
BAD = (np.nan, np.inf, -np.inf, 1e308, -1e9)
FIELDS = ('q', 'dq', 'pose', 'tau_external', 'wrench_external')


class Unspeakable(Exception):
    """One whose text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError('no text')


def raised(rng):
    """An exception of some kind."""
    fault = Fault(rng.choice(list(FaultKind)), 'refused by the hostile driver')
    kinds = (
        lambda: RobotError(fault),
        lambda: ValueError('a value'),
        lambda: TypeError('line one\nline two'),
        lambda: RuntimeError('x' * 5000),
        lambda: OSError(5, 'gone \udcff'),
        lambda: AssertionError(),
        lambda: RecursionError('deep'),
        lambda: FloatingPointError('float'),
        Unspeakable,
    )
    return kinds[rng.integers(len(kinds))]()


class HostileDriver:
    """The arm of arithmetic behind a driver with moods.

    Attributes:
        mood: What is wrong now, '' for nothing.
        state: -> state of the controller, set once there is one.
        commanded: Commands sent since the begin.
        grasps: Commands of the gripper, by the time that has passed, s.
        breaches: Rules that the controller broke; an exception here would not get out of it.
    """

    CALLS = ('start', 'command', 'gripper', 'stop', 'recover', 'read', 'fault')

    def __init__(self, rng, clock) -> None:
        self._rng, self._clock = rng, clock
        self.script: list = []
        self.arm = KinematicDriver(
            CELL.model, kinematics=KINEMATICS, clock=clock, script=self.script
        )
        self.mood, self.broken, self.field = '', '', 'q'
        self.state = lambda: CellState.IDLE
        self.commanded = 0
        self.grasps: list[float] = []
        self.following = False
        self.elapsed = lambda: 0.0
        self.breaches: list[str] = []

    def turn(self) -> None:
        """Takes on another mood, or none."""
        moods = ('', '', '', 'raise', 'number', 'jump', 'shape', 'frozen', 'stamp', 'nothing')
        self.mood = str(self._rng.choice(moods))
        self.broken = str(self._rng.choice(self.CALLS))
        self.field = str(self._rng.choice(FIELDS))
        self._kept = self.arm.read()

    def read(self):
        self._perhaps('read')
        state, rng = self.arm.read(), self._rng
        if self.mood == 'number':
            values = getattr(state, self.field).copy()
            values.flat[rng.integers(values.size)] = rng.choice(BAD)
            return replace(state, **{self.field: values}, gripper_width=rng.choice(BAD))
        if self.mood == 'jump':
            return replace(state, q=state.q + rng.uniform(-1.0, 1.0, 7))
        if self.mood == 'shape':
            wrong = (None, np.zeros(6), np.zeros((7, 1)), 'seven', [object()] * 7)
            return replace(state, **{self.field: wrong[rng.integers(len(wrong))]})
        if self.mood == 'frozen':
            return self._kept
        if self.mood == 'stamp':
            return replace(state, read_at=rng.choice([-1e9, 0.0, 1e12, np.nan, np.inf]))
        return None if self.mood == 'nothing' else state

    def start(self, mode) -> None:
        self._perhaps('start')
        fastest = np.abs(self.arm.read().dq).max()
        self._rule(self.state() in COMMANDING, f'a start in {self.state().name}')
        self._rule(self.mood or fastest < 0.1, f'a start at {fastest} rad/s')
        self.arm.start(mode)
        self.following = True

    def command(self, command) -> None:
        self._rule(self.state() in COMMANDING, f'a command in {self.state().name}')
        self._rule(self.following, 'a command without a start')
        self._rule(np.isfinite([command.q, command.dq]).all(), 'a command that is not finite')
        fastest = np.abs(command.dq).max()
        self._rule(fastest <= CELL.speeds.joint_speed + 1e-9, f'a command of {fastest} rad/s')
        self._perhaps('command')
        self.commanded += 1
        self.arm.command(command)

    def gripper(self, closed: bool) -> None:
        self._rule(self.state() is CellState.ACTIVE, f'the gripper in {self.state().name}')
        self.grasps.append(self.elapsed())
        self._perhaps('gripper')
        self.arm.gripper(closed)

    def stop(self) -> None:
        self.following = False
        self._perhaps('stop')
        self.arm.stop()

    def recover(self) -> None:
        self._perhaps('recover')
        self.arm.recover()

    def close(self) -> None:
        self.arm.close()
        raise raised(self._rng)

    @property
    def fault(self):
        self._perhaps('fault')
        return 'not a fault' if self.mood == 'nothing' else self.arm.fault

    def _rule(self, kept: bool, breach: str) -> None:
        if not kept:
            self.breaches.append(breach)

    def _perhaps(self, call: str) -> None:
        if self.mood == 'raise' and self.broken == call:
            raise raised(self._rng)


class Ordeal:
    """A controller on a hostile driver; everything that happens comes from the seed.

    Attributes:
        reached: How often each state was seen after a step.
    """

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        self.now, self.wall, self.elapsed = 50.0, EPOCH, 0.0
        self.driver = HostileDriver(rng, lambda: self.now)
        self.driver.elapsed = lambda: self.elapsed
        self.asked: list = []
        self.reports = 0
        self.present: dict[str, str] = {'a': '/server'}
        self.reached: Counter = Counter()
        mode = ControlMode.VELOCITY if seed % 2 else ControlMode.IMPEDANCE
        self.controller = ArmController(
            self.driver,
            self.driver.arm.connect(1.0),
            KINEMATICS,
            Rules(JOINT_DELTA, HZ, mode, (CAMERA,), 2.5 * PERIOD),
            CELL,
            clock=lambda: self.now,
            stamp=lambda: round((self.wall + self.now) * 1e9),
            ask=self.asked.append,
            report=self._report,
            census=lambda: dict(self.present),
        )
        self.driver.state = lambda: self.controller.status.state
        self.latched = False
        self.benign = 0  # steps for which nothing hostile happens

    def step(self) -> None:
        """Something happens, time passes, the controller's loop runs once."""
        rng = self.rng
        self._operator()
        if self.benign > 0:
            self.benign -= 1
        elif rng.random() < 0.03:
            self.driver.turn()
        elif rng.random() < 0.01:
            self.driver.mood, self.benign = '', 150
            del self.driver.script[:]
        elif rng.random() < 0.01:
            self._accident()
        self._pass_time()
        if rng.random() < 0.7:
            self.controller.on_image(CAMERA, round((self.wall + self.now) * 1e9))
        if self.asked and rng.random() < 0.6:
            self._chunk(self.asked.pop())
        if rng.random() < 0.05:
            present = ({'a': '/server'}, {}, {'a': '/server', 'b': '/other'}, {'b': ''})
            self.present = present[rng.choice(4, p=(0.85, 0.05, 0.05, 0.05))]
            self.controller.on_commanders(self.present)
        self._tick()

    # ---- what happens --------------------------------------------------------------------------

    def _pass_time(self) -> None:
        rng, kind = self.rng, self.rng.random()
        if self.benign or kind < 0.97:
            step = 0.01
        else:
            step = rng.choice([0.0, -0.005, -3.0, 0.2, 5.0, 1e-9])
        self.now += step
        self.elapsed += max(step, 0.0)
        if not self.benign and rng.random() < 0.003:
            self.wall += rng.choice([-3600.0, 3600.0, 0.3])

    def _accident(self) -> None:
        """Something that happens to a good driver, too."""
        rng, at = self.rng, self.driver.arm.read().time + 0.01
        events = (
            Reflex(at),
            UserStop(at, at + 0.3),
            CommunicationLoss(at, at + 0.3),
            SlowState(at, at + 0.4, period=0.2),
            Push(at, at + 0.2, force=(40.0, 0.0, 0.0)),
        )
        self.driver.script[:] = [events[rng.integers(len(events))]]

    def _operator(self) -> None:
        calls = ('resume', 'recover', 'home', 'stop', 'end_episode', 'start_episode', 'rest')
        weights = np.array([0.35, 0.35, 0.03, 0.03, 0.04, 0.15, 0.05])
        if self.rng.random() > 0.08:
            return
        call = str(self.rng.choice(calls, p=weights))
        arguments = {'start_episode': (f'e{self.now}', 'do it', 3), 'rest': ('rest',)}
        try:
            getattr(self.controller, call)(*arguments.get(call, ()))
        except NotNow:
            return
        self.latched = self.latched and call != 'resume'
        self._check(self.driver.commanded)

    def _chunk(self, request) -> None:
        rng = self.rng
        actions = np.zeros((H, 8))
        actions[:, :7] = rng.uniform(-0.4, 0.4, 7)
        actions[:, 7] = rng.integers(2, size=H)
        chunk = ActionChunk(
            request.request_id,
            request.episode_id,
            actions,
            np.zeros((H, 1), np.float32),
            8,
            'base',
            request.stamp_ns,
            JOINT_DELTA,
            HZ,
            instruction=request.instruction,
            seed=request.seed,
        )
        if not self.benign and rng.random() < 0.2:
            chunk = self._spoiled(chunk)
        self.controller.on_chunk(chunk, None, str(rng.choice(['', 'a', 'a', 'b', 'unheard'])))

    def _spoiled(self, chunk: ActionChunk) -> ActionChunk:
        rng = self.rng
        actions = chunk.actions.copy()
        actions[rng.integers(H), rng.integers(8)] = rng.choice(BAD)
        changes = (
            {'actions': actions},
            {'actions': actions[:, :5]},
            {'actions': actions[:0]},
            {'actions': np.full((H, 8), 1e300)},
            {'actions': 'nonsense'},
            {'execute_steps': int(rng.choice([-1, 0, 10**9]))},
            {'stamp_ns': int(rng.choice([0, -5, 2**62]))},
            {'control_hz': float(rng.choice([0.0, np.nan, np.inf, 1e9]))},
            {'episode_id': 'another'},
            {'instruction': 'other words'},
            {'seed': 4},
            {'request_id': int(rng.choice([-1, 0, 10**6]))},
        )
        return replace(chunk, **changes[rng.integers(len(changes))])

    # ---- what must hold ------------------------------------------------------------------------

    def _tick(self) -> None:
        before, sent = self.controller.status.state, self.driver.commanded
        self.controller.tick()
        state = self._check(sent)
        assert self.driver.commanded == sent or before in COMMANDING
        self.reached[state.name] += 1

    def _check(self, sent: int) -> CellState:
        assert not self.driver.breaches
        status = self.controller.status
        if self.latched:
            assert self.driver.commanded == sent, 'a command between fault and resume'
        self.latched = self.latched or status.state is CellState.FAULT
        assert '\n' not in status.reason
        assert len(status.reason) < 500
        gaps = np.diff(self.driver.grasps[-2:])
        assert not len(gaps) or gaps[0] >= CELL.gripper.interval - 1e-9
        assert bool(status.reason) or status.state in (CellState.ACTIVE, CellState.IDLE)
        if status.state not in COMMANDING:
            assert not self.controller._motion.running
        if status.fault == 'program':
            assert 'in the driver' in status.reason
        return status.state

    def _report(self, error: Exception) -> None:
        self.reports += 1
