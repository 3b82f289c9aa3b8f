# SPDX-License-Identifier: Apache-2.0
"""A controller on the arm of arithmetic, a policy that answers, and a clock turned by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.robot.base import ControlMode, JointCommand
from frs_ros.robot.cell_state import CellState
from frs_ros.robot.controller import ArmController, Rules
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.scripted import Event
from frs_ros.robot.settings import read_cell
from frs_ros.types import JOINT_DELTA

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'robots' / 'fr3.yaml'
CELL = read_cell(CONFIG)
KINEMATICS = PinocchioKinematics.of_model(CELL.model)
HZ, H, EXECUTE = 15.0, 15, 8
PERIOD = 1.0 / HZ
TICK = 0.01  # s, of the controller's loop
FRAME = 1.0 / 30.0  # s, of the camera
CAMERA = 'wrist'
EPOCH = 1_700_000_000.0  # of the clock of the stamps, s
START = 50.0  # of the monotonic clock, s


def sway(time: float) -> np.ndarray:
    """[8] an action that turns the first joint to and fro and leaves the gripper open."""
    action = np.zeros(8)
    action[0] = 0.4 if int(time) % 2 == 0 else -0.4
    return action


class SpiedDriver(KinematicDriver):
    """Notes when what was called."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.commanded: list[float] = []
        self.stopped: list[float] = []
        self.grasps: list[tuple[float, bool]] = []
        self.fastest = 0.0

    def command(self, command: JointCommand) -> None:
        self.commanded.append(self._clock())
        self.fastest = max(self.fastest, float(np.abs(command.dq).max()))
        super().command(command)

    def stop(self) -> None:
        self.stopped.append(self._clock())
        super().stop()

    def gripper(self, closed: bool) -> None:
        self.grasps.append((self._clock(), closed))
        super().gripper(closed)


class World:
    """Everything around the controller.

    Attributes:
        now: The monotonic clock, s.
        wall: The clock of the stamps minus the monotonic one, s.
        alive: Whether the policy answers.
        filming: Whether the camera does.
        latency: s that the policy takes.
        act: Time -> action [8].
        mangle: What happens to a chunk on its way.
        trace: (time, state) at every tick.
        reports: Exceptions of the driver that are errors of the program.
    """

    def __init__(
        self,
        script: Sequence[Event] = (),
        *,
        space: str = JOINT_DELTA,
        mode: ControlMode = ControlMode.IMPEDANCE,
        start: np.ndarray | None = None,
        episode: bool = True,
        smoothing: float = 0.0,
    ) -> None:
        self.now, self.wall, self.space = START, EPOCH, space
        self.alive = self.filming = True
        self.latency = 0.1
        self.act: Callable[[float], np.ndarray] = sway
        self.mangle: Callable[[ActionChunk], ActionChunk] = lambda chunk: chunk
        self.trace: list[tuple[float, CellState]] = []
        self.requests: list[PlanRequest] = []
        self.reports: list[Exception] = []
        self._due: list[tuple[float, ActionChunk]] = []
        self._next_frame = self.now
        self.driver = SpiedDriver(
            CELL.model, kinematics=KINEMATICS, clock=lambda: self.now, script=script, start=start
        )
        info = replace(self.driver.connect(1.0), smoothing=smoothing)
        self.controller = ArmController(
            self.driver,
            info,
            KINEMATICS,
            Rules(space, HZ, mode, (CAMERA,), 2.5 * PERIOD),
            CELL,
            clock=lambda: self.now,
            stamp=self.stamp,
            ask=self._ask,
            report=self.reports.append,
        )
        if episode:
            self.controller.start_episode('e', 'do it', 7)

    # ---- the world goes on ---------------------------------------------------------------------

    def stamp(self) -> int:
        """Now on the clock of the stamps, ns."""
        return round((self.wall + self.now) * 1e9)

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Lets time pass, or until a condition holds after a tick; fails if it never does."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            tick = self.now + TICK
            self._arrivals(tick)
            self.now = tick
            self.controller.tick()
            self.trace.append((self.now, self.state))
            if until is not None and until():
                return
        assert until is None, f'still {self.controller.status} after {seconds} s'

    def run_to(self, state: CellState, within: float) -> float:
        """Lets time pass until a state is reached; how long that took, s."""
        start = self.now
        self.run(within, until=lambda: self.state is state)
        return self.now - start

    def deliver(self, chunk: ActionChunk) -> None:
        """A chunk arrives now."""
        self.controller.on_chunk(chunk)

    @property
    def state(self) -> CellState:
        return self.controller.status.state

    @property
    def status(self):
        return self.controller.status

    @property
    def resting(self) -> bool:
        """Whether the arm itself stands."""
        return bool(np.abs(self.driver.read().dq).max() < 0.01)

    def commands_since(self, time: float) -> int:
        return sum(t > time + 1e-9 for t in self.driver.commanded)

    def answer(self, request: PlanRequest, **changes) -> ActionChunk:
        """The policy's answer to a request."""
        times = request.stamp_ns * 1e-9 - self.wall + PERIOD * np.arange(H)
        actions = np.array([self.act(t) for t in times])
        noise = np.zeros((H, 1), np.float32)
        made = ActionChunk(
            request.request_id,
            request.episode_id,
            actions,
            noise,
            EXECUTE,
            'base',
            request.stamp_ns,
            self.space,
            HZ,
            instruction=request.instruction,
            seed=request.seed,
        )
        return replace(made, **changes)

    def _ask(self, request: PlanRequest) -> None:
        self.requests.append(request)
        if self.alive:
            self._due.append((self.now + self.latency, self.answer(request)))

    def _arrivals(self, until: float) -> None:
        """What arrives before the next tick, each at its own time."""
        while self._next_frame <= until:
            self.now = max(self.now, self._next_frame)
            self._next_frame += FRAME
            if self.filming:
                self.controller.on_image(CAMERA, self.stamp())
        for at, chunk in sorted(self._due, key=lambda d: d[0]):
            if at <= until and self.alive:
                self.now = max(self.now, at)
                self.controller.on_chunk(self.mangle(chunk))
        self._due = [d for d in self._due if d[0] > until]


def assert_silent_from(world: World, since: float) -> None:
    """No command after a time, whatever happens meanwhile."""
    world.run(3.0)
    assert world.commands_since(since) == 0
    assert world.resting


def assert_resumes(world: World) -> None:
    """It goes on after `resume`, with a chunk planned after it; and with nothing before that."""
    asked, sent = len(world.requests), len(world.driver.commanded)
    assert world.state is CellState.STOPPED
    world.controller.resume()
    assert len(world.driver.commanded) == sent
    world.run_to(CellState.ACTIVE, 1.0)
    assert len(world.requests) > asked


def seconds(measured: float, said: float) -> None:
    """A measured time is what the table says, to two ticks, and within the limits."""
    assert measured == pytest.approx(said, abs=2 * TICK)
