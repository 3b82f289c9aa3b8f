# SPDX-License-Identifier: Apache-2.0
"""Keys to episodes: the operator says when one starts and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from frs_ros.messages.episode import EpisodeEvent, Outcome

START_KEY = 'b'
# far from the keys that steer
OUTCOMES = {'y': Outcome.SUCCESS, 'n': Outcome.FAILURE, 'm': Outcome.ABORTED}
ABORT_REASON = 'aborted by the operator'

_SEEDS = 2**31


@dataclass(frozen=True)
class OperatorEpisodes:
    """Episodes of one session, one at a time.

    Attributes:
        session: Unique name of the session; ids are this and a number.
        instruction: Task in words, '' for none.
        seed: Seed of the first episode; each has the next one.
        count: Episodes started.
        running: The event that started the episode that runs, None if none does.
    """

    session: str
    instruction: str = ''
    seed: int = 0
    count: int = 0
    running: EpisodeEvent | None = None

    def press(self, key: str) -> tuple[OperatorEpisodes, EpisodeEvent | None]:
        """The state after a key, and the event to announce, None if there is none.

        A start while an episode runs, and an end while none does, mean nothing.
        """
        key = key.lower()
        if key == START_KEY and self.running is None:
            seed = (self.seed + self.count) % _SEEDS
            event = EpisodeEvent(f'{self.session}-{self.count}', self.instruction, seed)
            return replace(self, count=self.count + 1, running=event), event
        if key in OUTCOMES and self.running is not None:
            outcome = OUTCOMES[key]
            reason = ABORT_REASON if outcome is Outcome.ABORTED else ''
            end = replace(self.running, outcome=outcome, reason=reason)
            return replace(self, running=None), end
        return self, None

    @property
    def status(self) -> str:
        """One phrase for the operator."""
        return f'episode {self.running.episode_id}' if self.running else 'no episode'


def episode_help() -> str:
    """The keys, for a terminal."""
    success, failure, abort = (key.upper() for key in OUTCOMES)
    return '\n'.join(
        [
            f'{START_KEY.upper()}      begin an episode',
            f'{success} / {failure}  end it: success / failure',
            f'{abort}      end it as a mistake: no verdict on the policy',
        ]
    )
