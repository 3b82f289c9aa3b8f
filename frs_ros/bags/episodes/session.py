# SPDX-License-Identifier: Apache-2.0
"""The episodes of one robot: what belongs to which, by id and by stamp."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from frs_ros.bags import bag_topics
from frs_ros.bags.episodes import message_parts
from frs_ros.bags.episodes.image_streams import ImageStreams
from frs_ros.bags.episodes.matching import LATENESS_NS, Matcher
from frs_ros.bags.episodes.message_parts import chunk_of, seed_of, stamp_of
from frs_ros.bags.episodes.recorded_episode import RecordedChunk, RecordedEpisode
from frs_ros.errors import DataError
from frs_ros.messages.plan import ActionChunk
from frs_ros.text import one_line

CORRUPT_CHUNKS = 'corrupt chunks'
FOREIGN_MESSAGES = 'messages of another type'
CORRUPT_EVENTS = 'corrupt episode events'
UNSURE_CHUNKS = 'chunks whose stamps do not rise: what they saw is not certain'
TWO_ANSWERS = 'requests with two different answers'
LATE_CHUNKS = 'chunks after the end of their episode'
UNSTEERED = 'base'  # the method that follows no guidance


@dataclass
class _Open:
    """An episode in the making."""

    id: str
    instruction: str = ''
    seed: int = 0
    start_ns: int | None = None
    end_ns: int | None = None
    closed_ns: int | None = None  # when its end, or the start of another, was received
    outcome: str = 'unknown'
    reason: str = ''
    steps: int = 0
    stamps: set[int] = field(default_factory=set)
    asked: dict[int, int] = field(default_factory=dict)  # request -> when it arrived
    chunks: dict[int, ActionChunk] = field(default_factory=dict)
    guided: dict[int, bool] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)


class Session:
    """Messages of one namespace in, episodes out; see `EpisodeAssembler`."""

    def __init__(
        self,
        namespace: str,
        state_tolerance_ns: int,
        images: ImageStreams,
        counts: Counter[str],
        complaints: list[str],
    ) -> None:
        self._namespace, self._images = namespace, images
        self._states = Matcher(state_tolerance_ns, message_parts.state_of)
        self._counts, self._complaints = counts, complaints
        self._arrived_ns = 0  # of the present message
        self._open: dict[str, _Open] = {}
        self._finished: set[str] = set()
        self._done: list[RecordedEpisode] = []
        self._takers = {
            bag_topics.EPISODE: self._event,
            bag_topics.PLAN_REQUEST: self._request,
            bag_topics.ACTION_CHUNK: self._chunk,
            bag_topics.STEERING_REPORT: self._report,
            bag_topics.ROBOT_STATE: self._state,
        }

    def add(self, kind: str, received_ns: int, message: Any, arrived_ns: int) -> None:
        """Takes in what is no image; other messages than ours are counted."""
        self._arrived_ns = arrived_ns
        try:
            self._takers[kind](received_ns, message)
        except (AttributeError, TypeError, ValueError):
            self._complain(FOREIGN_MESSAGES, f'a message on {kind} is not of the expected type')

    def ready(self, now_ns: int) -> list[RecordedEpisode]:
        """Episodes that are complete."""
        for episode in list(self._open.values()):
            if episode.closed_ns is not None and abs(now_ns - episode.closed_ns) > LATENESS_NS:
                self._finish(episode)
        done, self._done = self._done, []
        return done

    def flush(self) -> list[RecordedEpisode]:
        """All that is left."""
        for episode in list(self._open.values()):
            self._finish(episode)
        done, self._done = self._done, []
        return done

    def _event(self, received_ns: int, message: Any) -> None:
        if message.event == message_parts.START:
            self._start(received_ns, message)
        elif message.event == message_parts.END and message.outcome in message_parts.OUTCOMES:
            self._end(received_ns, message)
        else:
            line = f'event {message.event} with outcome {message.outcome} is neither start nor end'
            self._complain(CORRUPT_EVENTS, line)

    def _start(self, received_ns: int, message: Any) -> None:
        name = str(message.id)
        again = self._open.get(name)
        if again is not None and again.end_ns is not None:
            self._finish(again)
        for other in self._open.values():
            if other.id != name and other.closed_ns is None:
                other.closed_ns = received_ns  # its end was not heard
        self._finished.discard(name)
        episode = self._open.setdefault(name, _Open(name))
        episode.start_ns, episode.closed_ns = stamp_of(message), None
        episode.instruction, episode.seed = str(message.instruction), seed_of(message)

    def _end(self, received_ns: int, message: Any) -> None:
        episode = self._open.get(str(message.id))
        if episode is None or episode.end_ns is not None:
            return  # latched, of an episode before the recording; or repeated
        episode.end_ns, episode.closed_ns = stamp_of(message), received_ns
        episode.outcome = message_parts.OUTCOMES[message.outcome]
        episode.reason, episode.steps = str(message.reason), int(message.steps)
        episode.instruction = episode.instruction or str(message.instruction)

    def _request(self, received_ns: int, message: Any) -> None:
        episode = self._episode(str(message.episode_id))
        if episode is None:
            return
        episode.instruction = episode.instruction or str(message.instruction)
        episode.seed = episode.seed or seed_of(message)
        asked_ns = episode.asked.setdefault(int(message.request_id), self._arrived_ns)
        self._want(episode, received_ns, stamp_of(message), asked_ns)

    def _chunk(self, received_ns: int, message: Any) -> None:
        episode = self._episode(str(message.episode_id))
        if episode is None:
            self._counts[LATE_CHUNKS] += 1
            return
        try:
            chunk = chunk_of(message)
        except DataError as error:
            episode.problems[CORRUPT_CHUNKS] += 1
            self._complain(CORRUPT_CHUNKS, str(error))
            return
        known = episode.chunks.setdefault(chunk.request_id, chunk)  # an answer may be repeated
        if not _same_plan(known, chunk):
            self._two_answers(episode)
        asked_ns = episode.asked.get(chunk.request_id)
        self._want(episode, received_ns, chunk.stamp_ns, asked_ns)

    def _two_answers(self, episode: _Open) -> None:
        """Which of two different answers was executed is chance: the episode says nothing."""
        episode.problems[TWO_ANSWERS] += 1
        self._complain(
            TWO_ANSWERS,
            f"episode '{one_line(episode.id, 60)}' is aborted: two policy servers answered",
        )

    def _report(self, _: int, message: Any) -> None:
        episode = self._episode(str(message.episode_id))
        if episode is not None:
            episode.guided[int(message.request_id)] = bool(message.guided)

    def _state(self, received_ns: int, message: Any) -> None:
        self._states.add(received_ns, stamp_of(message), message, self._arrived_ns)

    def _episode(self, name: str) -> _Open | None:
        """The episode of this id; also without a start, the recording may have begun later."""
        if name in self._finished:
            return None
        return self._open.setdefault(name, _Open(name))

    def _want(self, episode: _Open, received_ns: int, stamp_ns: int, asked_ns: int | None) -> None:
        episode.stamps.add(stamp_ns)
        self._states.want(received_ns, stamp_ns, asked_ns)
        self._images.want(self._namespace, received_ns, stamp_ns, asked_ns)

    def _finish(self, episode: _Open) -> None:
        del self._open[episode.id]
        self._finished.add(episode.id)
        stamps = sorted(episode.stamps)
        images = self._images.take(self._namespace, stamps)
        states = {stamp: self._states.take(stamp) for stamp in stamps}
        if episode.start_ns is None and not episode.chunks:
            return  # a request or report that was repeated from before the recording
        chunks = _sure([episode.chunks[request] for request in sorted(episode.chunks)])
        self._count_unsure(episode, len(episode.chunks) - len(chunks))
        first, last = (chunks[0].stamp_ns, chunks[-1].stamp_ns) if chunks else (None, None)
        start_ns = episode.start_ns if episode.start_ns is not None else first
        end_ns = episode.end_ns if episode.end_ns is not None else last
        if start_ns is None:
            return  # all of its chunks are left out
        recorded = tuple(
            RecordedChunk(
                chunk,
                episode.guided.get(chunk.request_id, chunk.method != UNSTEERED),
                images[chunk.stamp_ns],
                states[chunk.stamp_ns],
            )
            for chunk in chunks
        )
        mixed = TWO_ANSWERS in episode.problems
        self._done.append(
            RecordedEpisode(
                id=episode.id,
                instruction=episode.instruction,
                seed=episode.seed,
                outcome='aborted' if mixed else episode.outcome,
                reason='two policy servers answered' if mixed else episode.reason,
                steps=episode.steps,
                start_ns=start_ns,
                end_ns=start_ns if end_ns is None else end_ns,
                chunks=recorded,
                problems=dict(episode.problems),
            )
        )

    def _count_unsure(self, episode: _Open, count: int) -> None:
        if not count:
            return
        episode.problems[UNSURE_CHUNKS] += count
        if not self._counts[UNSURE_CHUNKS]:
            self._complaints.append(
                f"stamps of episode '{one_line(episode.id, 60)}' are equal, 0 or run back: was "
                'use_sim_time set without a /clock, or the clock set back?'
            )
        self._counts[UNSURE_CHUNKS] += count

    def _complain(self, kind: str, line: str) -> None:
        if not self._counts[kind]:
            self._complaints.append(line)
        self._counts[kind] += 1


def _same_plan(one: ActionChunk, other: ActionChunk) -> bool:
    return bool(
        one.actions.shape == other.actions.shape
        and np.array_equal(one.actions, other.actions)
        and np.array_equal(one.noise, other.noise, equal_nan=True)
    )


def _sure(chunks: list[ActionChunk]) -> list[ActionChunk]:
    """Those with a stamp of their own that is later than those of all requests before."""
    shared = Counter(chunk.stamp_ns for chunk in chunks)
    sure, newest_ns = [], 0
    for chunk in chunks:
        if chunk.stamp_ns > newest_ns and shared[chunk.stamp_ns] == 1:
            sure.append(chunk)
        newest_ns = max(newest_ns, chunk.stamp_ns)
    return sure
