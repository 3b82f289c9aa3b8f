# SPDX-License-Identifier: Apache-2.0
"""When to ask for a chunk, and which answers are to what was asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.robot.player import Latencies
from frs_ros.safety.rejected import Rejected
from frs_ros.text import shown

REPEAT = 1.0  # s without an answer after which is asked anew
RETRY = 0.2  # s after a refused answer before the next request
SLEW = 0.05  # s by which the clock of the stamps may gain or lose while a chunk is made


@dataclass(frozen=True)
class Episode:
    """What requests say of an episode."""

    episode_id: str
    instruction: str
    seed: int


class NotAsked(Rejected):
    """A chunk that is the answer to nothing: the right one may still come."""


@dataclass(frozen=True)
class Asked:
    """A request that an answer may come to.

    Attributes:
        at: When it was sent, on the monotonic clock, s.
        request: As sent; its stamp is on the clock of the stamps.
    """

    at: float
    request: PlanRequest


class Requests:
    """The requests of an episode: one outstanding at a time.

    On a robot an old observation is worth nothing, so an unanswered request is not repeated but
    replaced by a new one, with the observation of then. A late answer to the old one still counts
    if it is fresh enough by itself.

    Attributes:
        latencies: How long answers took lately.
    """

    def __init__(self, control_hz: float) -> None:
        self.latencies = Latencies()
        self._hz = control_hz
        self._next_id = 0
        self.forget()

    def restart(self) -> None:
        """A new episode: ids begin at 0."""
        self._next_id = 0
        self.forget()

    def forget(self) -> None:
        """Nothing asked so far is waited for; answers to it are refused."""
        self._asked: dict[int, Asked] = {}
        self._outstanding: int | None = None
        self._not_before = float('-inf')

    def due(self, now: float, remaining: float, execute_steps: int) -> bool:
        """Whether to ask now.

        Args:
            now: Monotonic, s.
            remaining: Rows of the executed part still to come.
            execute_steps: Of the chunk being played.
        """
        if now < self._not_before:
            return False
        if self._outstanding is not None:
            return now - self._asked[self._outstanding].at >= REPEAT
        return remaining <= self.latencies.lead(self._hz, execute_steps)

    def ask(self, now: float, episode: Episode, stamp_ns: int) -> PlanRequest:
        """The next request of an episode, which goes out now."""
        request_id, self._next_id = self._next_id, self._next_id + 1
        e = episode
        request = PlanRequest(request_id, e.episode_id, e.seed, e.instruction, stamp_ns)
        self._asked[request_id] = Asked(now, request)
        self._outstanding = request_id
        return request

    def unanswered(self, now: float) -> float:
        """Seconds since the outstanding request was sent; 0 without one."""
        return 0.0 if self._outstanding is None else now - self._asked[self._outstanding].at

    def match(self, chunk: ActionChunk, now: float, stamp_now_ns: int) -> Asked:
        """What a chunk is the answer to.

        The age of the answer is known twice: from the monotonic clock and from the stamps. If the
        two disagree, the clock of the stamps has jumped meanwhile, and nobody knows how old the
        images are that the chunk was planned from.

        Raises:
            NotAsked: It is not the answer to anything that was asked.
            Rejected: The clock has jumped.
        """
        asked = self._asked.get(chunk.request_id)
        if asked is None or asked.request.stamp_ns != chunk.stamp_ns:
            raise NotAsked(
                f'chunk {chunk.request_id} is not the answer to a request that is waited for'
            )
        ours = asked.request.instruction, asked.request.seed
        same_episode = chunk.episode_id == asked.request.episode_id
        if same_episode and (chunk.instruction, chunk.seed) != ours:
            raise NotAsked(
                f'chunk {chunk.request_id} was planned for {shown(chunk.instruction)} with seed '
                f'{chunk.seed}, which was not asked for; does another node ask the policy server?'
            )
        jump = (stamp_now_ns - chunk.stamp_ns) * 1e-9 - (now - asked.at)
        if abs(jump) > SLEW:
            raise Rejected(
                f'chunk {chunk.request_id}: the clock jumped by {jump:+.3f} s while it was made; '
                'the clocks of this computer should be slewed, not set, while the robot moves'
            )
        return asked

    def answered(self, request_id: int, now: float) -> None:
        """Takes the answer to a request; those before it are off."""
        self.latencies.add(max(0.0, now - self._asked[request_id].at))
        self._asked = {i: a for i, a in self._asked.items() if i > request_id}
        if self._outstanding == request_id:
            self._outstanding = None

    def refused(self, request_id: int, now: float) -> None:
        """The answer is unusable: asks anew a little later."""
        if self._asked.pop(request_id, None) is not None and self._outstanding == request_id:
            self._outstanding = None
            self._not_before = now + RETRY
