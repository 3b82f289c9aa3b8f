# SPDX-License-Identifier: Apache-2.0
"""Episodes against a policy server that may be slow, silent, restarted or wrong. Without ROS.

The runner asks for chunks through an `Outlet` and is told of answers (`on_chunk`) and of passing
time (`on_tick`). `lockstep.py` and `realtime.py` say what to do with a chunk.

An episode is aborted when the server that served it is lost, or when several answer; it says
nothing about the policy then, so it does not count and its init state is run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.sim.outcome import OutcomeMonitor
from frs_ros.types import CARTESIAN_DELTA, PrivilegedScene

REPEAT = 1.0  # s between repetitions of an unanswered request,
SEARCH = 0.25  # ... while no server was ever heard of
ACTION_DIM = 7


@dataclass(frozen=True)
class Job:
    """An episode to run: a name, the init state, the seed of its random draws."""

    name: str
    init_id: int
    seed: int


@dataclass(frozen=True)
class Limits:
    """When to give up, and when to say so.

    Attributes:
        max_steps: Control steps after which an episode has failed.
        answer_timeout: Seconds without an answer after which the outlet is told.
        abort_after: Seconds without an answer after which the episode is aborted.
    """

    max_steps: int
    answer_timeout: float = 3.0
    abort_after: float = 10.0


class World(Protocol):
    """The part of `sim.libero.LiberoEnv` that a runner drives."""

    gripper_command: float

    def reset(self, init_id: int) -> object:
        """Loads an init state."""
        ...

    def step(self, action: np.ndarray) -> bool:
        """Executes an action; True once the task is solved."""
        ...

    def scene(self) -> PrivilegedScene:
        """What only the simulator knows."""
        ...


class Outlet(Protocol):
    """How a runner reaches the world outside; the bridge node is one."""

    def ask(self, request_id: int, episode_id: str, seed: int) -> PlanRequest:
        """Sends out an observation of the present and the request for a chunk, one stamp."""
        ...

    def repeat(self) -> None:
        """Sends the last observation and request again, unchanged."""
        ...

    def stepped(self, steps: int) -> None:
        """A control step was executed."""
        ...

    def episode(self, event: EpisodeEvent) -> None:
        """An episode started or ended."""
        ...

    def servers(self) -> frozenset[str]:
        """Identities of those who could answer; a restarted server has a new one."""
        ...

    def rivals(self) -> str:
        """Several answer: says who, and returns the line; called again while it lasts."""
        ...

    def waiting(self, request: PlanRequest) -> None:
        """The request is not answered in time; called again and again while it lasts."""
        ...

    def answered(self) -> None:
        """An answer was accepted."""
        ...

    def rejected(self, reason: str) -> None:
        """An answer was refused."""
        ...


class EpisodeRunner:
    """What lockstep and real time have in common: episodes, requests, lost servers.

    Attributes:
        finished: Whether all jobs are done.
    """

    def __init__(
        self,
        world: World,
        outlet: Outlet,
        jobs: Iterator[Job],
        *,
        instruction: str,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        """Prepares; `start` begins.

        Args:
            world: The simulated task.
            outlet: The world outside.
            jobs: Episodes to finish, in order; may be endless.
            instruction: What the policy is told.
            limits: See `Limits`.
            clock: Seconds, monotonic.
        """
        self.finished = False
        self._episode_id = ''
        self._world, self._outlet, self._jobs = world, outlet, jobs
        self._instruction, self._limits, self._clock = instruction, limits, clock
        self._pending: PlanRequest | None = None
        self._lost: frozenset[str] = frozenset()
        self._blocked = False  # several servers answer: nothing is begun
        self._unasked: Counter[int] = Counter()  # request id -> answers beyond what was asked
        self._attempt = self._repeats = 0
        self._asked_at = self._repeated_at = 0.0

    # ---- events -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins the next episode, if there is one."""
        job = next(self._jobs, None)
        if job is None:
            self.finished = True
            return
        self._attempt = 0
        self._begin(job)

    def on_chunk(self, chunk: ActionChunk) -> None:
        """An answer arrived; those to earlier requests or other episodes are ignored."""
        if self._several_answer(chunk):
            self._blocked = True
            self._end(Outcome.ABORTED, self._outlet.rivals())
            return
        pending = self._pending
        if pending is None or not chunk.answers(pending):
            return
        if chunk.space != CARTESIAN_DELTA or chunk.actions.shape[1] != ACTION_DIM:
            self._outlet.rejected(
                f'chunk of {chunk.actions.shape[1]} numbers per action ({chunk.space}) refused: '
                f'LIBERO takes {ACTION_DIM} ({CARTESIAN_DELTA}); the checkpoint is made for '
                'something else'
            )
            return
        if self._repeats and self._restarted():
            self._abort('the policy server was restarted')
            return
        if not self._answers:
            self._servers, self._lost = self._outlet.servers(), frozenset()
        self._pending = None
        self._answers += 1
        self._outlet.answered()
        self._follow(chunk)

    def on_tick(self) -> None:
        """Time passed: repeats the request, says what it waits for, gives up."""
        if self._blocked:
            self._look_again()
        if self._pending is None:
            return
        now = self._clock()
        waited = now - self._asked_at
        if waited >= self._limits.answer_timeout:
            self._outlet.waiting(self._pending)
        if now - self._repeated_at < (REPEAT if self._servers else SEARCH):
            return
        reason = self._loss(waited)
        if reason:
            self._abort(reason)
            return
        self._repeats += 1
        self._unasked[self._pending.request_id] -= 1
        self._repeated_at = now
        self._outlet.repeat()

    # ---- for subclasses -----------------------------------------------------------------------

    def _follow(self, chunk: ActionChunk) -> None:
        """Does with an accepted chunk what the mode demands."""
        raise NotImplementedError

    def _ask(self) -> None:
        self._pending = self._outlet.ask(self._next_id, self._episode_id, self._job.seed)
        self._unasked[self._next_id] -= 1
        self._next_id += 1
        self._repeats = 0
        # after rendering, which takes time of its own
        self._asked_at = self._repeated_at = self._clock()

    def _step(self, action: np.ndarray) -> bool:
        """Executes one action; returns whether that was the episode's last."""
        success = self._world.step(action)
        self._monitor.update(self._world.scene())
        self._steps += 1
        self._outlet.stepped(self._steps)
        if not success and self._steps < self._limits.max_steps:
            return False
        reason = '' if success else self._monitor.classify(False)
        self._end(Outcome.SUCCESS if success else Outcome.FAILURE, reason)
        self.start()
        return True

    # ---- episodes -----------------------------------------------------------------------------

    def _begin(self, job: Job) -> None:
        self._job = job
        self._episode_id = f'{job.name}.{self._attempt}'
        self._next_id = self._steps = self._answers = 0
        self._unasked.clear()
        self._servers = self._outlet.servers() - self._lost
        self._world.reset(job.init_id)
        self._monitor = OutcomeMonitor(self._world.scene())
        self._outlet.episode(EpisodeEvent(self._episode_id, self._instruction, job.seed))
        self._ask()

    def _end(self, outcome: Outcome, reason: str) -> None:
        self._pending = None
        self._outlet.episode(
            EpisodeEvent(
                self._episode_id, self._instruction, self._job.seed, outcome, reason, self._steps
            )
        )

    def _abort(self, reason: str) -> None:
        self._lost = self._servers
        self._end(Outcome.ABORTED, reason)
        self._attempt += 1
        self._begin(self._job)

    # ---- servers ------------------------------------------------------------------------------

    def _loss(self, waited: float) -> str:
        """Why the server of this episode is given up; '' if it is not, or there was none yet."""
        if not self._servers:
            return ''  # nobody to lose: wait for one
        if self._restarted():
            return 'the policy server was restarted'
        if waited >= self._limits.abort_after:
            return f'no answer from the policy server for {self._limits.abort_after:g} s'
        if waited >= self._limits.answer_timeout and not self._outlet.servers():
            return 'the policy server is gone'
        return ''

    def _several_answer(self, chunk: ActionChunk) -> bool:
        """Whether a request of this episode was answered more often than it was asked.

        One server answers each asking once. Which of two answers comes first is chance.
        """
        if self._blocked or self.finished or chunk.episode_id != self._episode_id:
            return False
        self._unasked[chunk.request_id] += 1
        return self._unasked[chunk.request_id] > 0 and self._several()

    def _several(self) -> bool:
        return len(self._outlet.servers() - self._lost) > 1

    def _look_again(self) -> None:
        """Runs the episode again once a single server is left."""
        if self._several():
            self._outlet.rivals()
            return
        self._blocked = False
        self._attempt += 1
        self._begin(self._job)

    def _restarted(self) -> bool:
        return bool(self._servers) and bool(self._outlet.servers() - self._servers - self._lost)
