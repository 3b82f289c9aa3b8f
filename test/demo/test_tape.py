# SPDX-License-Identifier: Apache-2.0
"""Episodes put together from messages in any order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from frs_ros.bags.episodes.tape import Recording
from frs_ros.demo.comparison import pair_up
from frs_ros.errors import DataError
from frs_ros.messages.episode import Outcome


def test_an_episode_is_put_together(recording):
    (tape,) = recording('unsteered').tapes()
    assert (tape.success, tape.verdict, tape.end.steps) == (False, 'never near', 20)
    assert [plan.chunk.request_id for plan in tape.plans] == [0, 1, 2, 3]
    assert tape.nfe == 80
    assert tape.duration == pytest.approx((2205 - 2001) * 1e-9)
    assert len(tape.frames) == 11


def test_frames_know_their_plan_and_how_much_of_it_is_executed(recording):
    (tape,) = recording('unsteered').tapes()
    seen = [(f.plan.chunk.request_id, f.executed) if f.plan else None for f in tape.frames]
    # images after steps 0, 2, 4, ...; plan i is made right after step 5 i
    assert seen[0] is None
    assert seen[1:7] == [(0, 2), (0, 4), (1, 1), (1, 3), (1, 5), (2, 2)]


def test_repeated_messages_change_nothing(recording):
    once = recording('steered')
    (tape,) = once.tapes()
    for chunk in list(once.chunks.values()):
        once.add_chunk(chunk)
    once.add_event(once.ends['e'][0], once.ends['e'][1])
    assert len(once.tapes()) == 1
    assert len(once.tapes()[0].plans) == len(tape.plans)


def test_aborted_and_unfinished_episodes_are_left_out(recording):
    made = recording('steered')
    stamp, end = made.ends['e']
    made.ends['e'] = (stamp, dataclasses.replace(end, outcome=Outcome.ABORTED))
    assert made.tapes() == []
    del made.ends['e']
    assert made.tapes() == []


def test_events_of_other_episodes_are_kept_apart(recording):
    made = recording('steered')
    made.grippers[10] = np.ones(3)  # long before
    made.images[10] = b'x'
    (tape,) = made.tapes()
    assert all(frame.stamp_ns >= 2000 for frame in tape.frames)


@pytest.mark.parametrize(
    ('spoil', 'words'),
    [
        (lambda r: r.ends.clear(), 'was not heard of'),
        (lambda r: r.chunks.clear(), 'no plans'),
        (lambda r: r.images.clear(), 'no images'),
    ],
)
def test_a_missing_episode_is_named(settings, recording, spoil, words):
    steered = recording('steered')
    spoil(steered)
    tapes = {'unsteered': recording('unsteered').tapes(), 'steered': steered.tapes()}
    with pytest.raises(DataError, match=f'steered episode from init state 30.*{words}'):
        pair_up(settings, tapes)


def test_an_empty_recording_has_no_tapes():
    assert Recording().tapes() == []
