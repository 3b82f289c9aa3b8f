# SPDX-License-Identifier: Apache-2.0
"""The controller's side of the exchange with the policy server: requests out, chunks in. Pure."""

from __future__ import annotations

from dataclasses import replace

from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.robot.commanders import Commanders
from frs_ros.robot.player import ChunkPlayer, Due
from frs_ros.robot.requests import REPEAT, Episode, NotAsked, Requests
from frs_ros.safety.admission import AdmissionRules, admit
from frs_ros.safety.rejected import Rejected

__all__ = ['Episode', 'Plans']


class Plans:
    """Asks for chunks in time, takes the right ones and plays them.

    Times are monotonic seconds; stamps (ns) live on another clock and are only compared with each
    other.

    Attributes:
        episode: The present or last one.
        chunks: How many were taken.
        refused: How many were not.
        refusal: Why the last one was not, '' if it was.
        newest: Request of the newest chunk taken, 0 before the first.
        commanders: Who publishes chunks.
    """

    def __init__(self, rules: AdmissionRules, bridge: float, commanders: Commanders) -> None:
        """Puts the parts together.

        Args:
            rules: What chunks must be like; episode and last request are those of the moment.
            bridge: Control periods for which an old chunk bridges a late one.
            commanders: Who publishes chunks.
        """
        self.episode = Episode('', '', 0)
        self.chunks = self.refused = self.newest = 0
        self.refusal = ''
        self.commanders = commanders
        self._rules = rules
        self._requests = Requests(rules.control_hz)
        self._player = ChunkPlayer(bridge=bridge)
        self._last_id: int | None = None
        self._execute_steps = 1

    def begin(self, episode: Episode) -> None:
        """An episode begins; its requests are numbered from 0."""
        self.episode, self._last_id, self.refusal = episode, None, ''
        self._player.clear()
        self._requests.restart()

    def forget(self) -> None:
        """What was planned and asked for so far is never executed."""
        self._player.clear()
        self._requests.forget()

    def drop(self, reason: str) -> None:
        """The chunk that is played has turned out to be unusable."""
        self.refusal = reason
        self._player.clear()

    def take(self, chunk: ActionChunk, now: float, stamp_ns: int) -> None:
        """Lets a chunk take over now.

        Args:
            chunk: As received.
            now: s.
            stamp_ns: Now on the clock of the stamps.

        Raises:
            Rejected: It must not be executed; it is counted and another one will be asked for.
        """
        episode_id, last_id = self.episode.episode_id, self._last_id
        rules = replace(self._rules, episode_id=episode_id, last_request_id=last_id)
        try:
            asked = self._requests.match(chunk, now, stamp_ns)
            admit(chunk, stamp_ns, rules)  # after the clocks agreed on how old it is
        except NotAsked as verdict:
            self.ignore(verdict.reason)
            raise
        except Rejected as verdict:
            self.refuse(chunk.request_id, verdict.reason, now)
            raise
        self._requests.answered(chunk.request_id, now)
        self._player.take(chunk, _ns(asked.at), _ns(now))
        self._execute_steps = chunk.execute_steps
        self._last_id = self.newest = chunk.request_id
        self.chunks, self.refusal = self.chunks + 1, ''

    def refuse(self, request_id: int, reason: str, now: float) -> None:
        """Counts a chunk that is not taken; another one will be asked for soon."""
        self.ignore(reason)
        self._requests.refused(request_id, now)

    def ignore(self, reason: str) -> None:
        """Counts a chunk that is not the answer; that one may still come."""
        self.refused, self.refusal = self.refused + 1, reason

    def due(self, now: float) -> Due | None:
        """The action of now, if there is one."""
        return self._player.due(_ns(now))

    def request(self, now: float, stamp_ns: int) -> PlanRequest | None:
        """The request to send out now, if it is time for one."""
        if not self._requests.due(now, self._player.remaining(_ns(now)), self._execute_steps):
            return None
        return self._requests.ask(now, self.episode, stamp_ns)

    def look(self, now: float) -> None:
        """Notes whether those who publish chunks answer."""
        if self._requests.unanswered(now) >= REPEAT:
            self.commanders.silent(now)

    @property
    def rivals(self) -> str:
        """Line on a second commander, '' if there is none."""
        names = self.commanders.names
        if len(names) < 2:
            return ''
        return f'{len(names)} nodes publish chunks ({", ".join(names)}); end all but one'


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
