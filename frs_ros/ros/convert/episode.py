# SPDX-License-Identifier: Apache-2.0
"""EpisodeEvent <-> frs_ros/Episode."""

from __future__ import annotations

from frs_ros.errors import DataError
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.msg import Episode
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import text

_OUTCOMES = {
    None: Episode.OUTCOME_UNKNOWN,
    Outcome.SUCCESS: Episode.OUTCOME_SUCCESS,
    Outcome.FAILURE: Episode.OUTCOME_FAILURE,
    Outcome.ABORTED: Episode.OUTCOME_ABORTED,
}


def episode_to_msg(event: EpisodeEvent, stamp_ns: int) -> Episode:
    """START if the event has no outcome, else END."""
    return Episode(
        header=stamps.header(stamp_ns),
        event=Episode.START if event.outcome is None else Episode.END,
        id=event.episode_id,
        instruction=event.instruction,
        seed=event.seed,
        outcome=_OUTCOMES[event.outcome],
        reason=event.reason,
        steps=event.steps,
    )


def episode_from_msg(msg: Episode) -> EpisodeEvent:
    """The event a message carries; DataError if it is neither START nor a complete END."""
    outcomes = {code: outcome for outcome, code in _OUTCOMES.items()}
    ended = msg.event == Episode.END
    if msg.event not in (Episode.START, Episode.END):
        raise DataError(f'Episode.event is {msg.event}, neither START nor END')
    if msg.outcome not in outcomes or ended != (outcomes[msg.outcome] is not None):
        raise DataError(f'Episode.outcome is {msg.outcome}, which does not fit the event')
    return EpisodeEvent(
        episode_id=text('Episode.id', msg.id),
        instruction=text('Episode.instruction', msg.instruction),
        seed=msg.seed,
        outcome=outcomes[msg.outcome],
        reason=text('Episode.reason', msg.reason),
        steps=msg.steps,
    )
