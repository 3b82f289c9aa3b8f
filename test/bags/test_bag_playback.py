# SPDX-License-Identifier: Apache-2.0
"""When the messages of a recording are due, in closed form with a clock by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frs_ros.bags.play.playback import Playback, Recorded
from frs_ros.bags.play.playback_clock import NS, EagerClock, SteadyClock
from frs_ros.errors import ConfigError

START = 1_700_000_000 * NS  # stamps of a recording are far from the clock of this machine


class Hand:
    """A clock that is set by hand; seconds."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> int:
        return round(self.seconds * NS)


@pytest.fixture
def hand():
    return Hand()


def recording(*seconds: float):
    messages = [
        Recorded(f'/t{i}', START + round(s * NS), b'%d' % i) for i, s in enumerate(seconds)
    ]
    return lambda: iter(messages)


def topics(playback: Playback) -> list[str]:
    """What is due now."""
    taken = []
    while message := playback.take():
        taken.append(message.topic)
    return taken


def play(hand, *seconds: float, rate: float = 1.0, loop: bool = False) -> Playback:
    clock = SteadyClock(hand, START, rate)
    return Playback(recording(*seconds), clock, start_ns=START, loop=loop)


@settings(deadline=None)
@given(
    gaps=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20),
    rate=st.floats(0.1, 10.0),
)
def test_every_message_is_due_at_its_distance_over_the_rate(gaps, rate):
    hand = Hand()
    times = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    playback = play(hand, *times, rate=rate)
    for time in times:
        if playback.wait > 0.0:
            assert 100.0 + time / rate == pytest.approx(hand.seconds + playback.wait, abs=1e-6)
            hand.seconds += playback.wait + 2e-9  # the clock counts whole nanoseconds
        assert playback.take().stamp_ns == START + round(time * NS)
    assert playback.finished


def test_what_is_late_comes_at_once_and_in_order(hand):
    playback = play(hand, 0.0, 0.1, 0.2, 9.0)
    hand.seconds += 5.0
    assert topics(playback) == ['/t0', '/t1', '/t2']
    assert playback.wait == pytest.approx(4.0)
    assert not playback.finished


def test_a_pause_moves_everything_after_it(hand):
    playback = play(hand, 0.0, 1.0, 2.0)
    hand.seconds += 0.4
    playback.clock.pause()
    assert topics(playback) == ['/t0']
    hand.seconds += 50.0
    assert playback.wait == math.inf
    assert topics(playback) == []
    assert playback.clock.now_ns == START + round(0.4 * NS)
    playback.clock.resume()
    assert playback.wait == pytest.approx(0.6)
    hand.seconds += 0.6
    assert topics(playback) == ['/t1']


def test_pause_and_resume_twice_are_once(hand):
    playback = play(hand, 3.0)
    for _ in range(2):
        playback.clock.pause()
        hand.seconds += 1.0
    for _ in range(2):
        playback.clock.resume()
    assert playback.wait == pytest.approx(3.0)


def test_steps_hand_out_one_message_each(hand):
    playback = play(hand, 0.0, 1.0, 2.0, 3.0)
    playback.clock.pause()
    assert topics(playback) == ['/t0']  # it was due before the pause
    for topic in ('/t1', '/t2'):
        playback.step()
        assert topics(playback) == [topic]
        assert playback.clock.paused
    playback.clock.resume()
    assert playback.wait == pytest.approx(1.0)  # from the message of the last step on


def test_steps_pass_messages_of_one_stamp_together(hand):
    playback = play(hand, 0.5, 1.0, 1.0)
    playback.clock.pause()
    playback.step()
    assert topics(playback) == ['/t0']
    playback.step()
    assert topics(playback) == ['/t1', '/t2']
    assert playback.finished


@pytest.mark.parametrize('rate', [0.0, -1.0, math.inf, math.nan])
def test_a_rate_must_be_positive(hand, rate):
    with pytest.raises(ConfigError, match='must be positive'):
        SteadyClock(hand, START, rate)


def test_laps_begin_again_at_the_start(hand):
    playback = play(hand, 1.0, 2.0, loop=True)
    for lap in range(3):
        hand.seconds += 1.0
        assert topics(playback) == ['/t0']
        hand.seconds += 1.0
        assert topics(playback) == ['/t1']
        assert playback.clock.now_ns == START
        assert (playback.laps, playback.count) == (lap + 1, 2 * lap + 2)
        assert not playback.finished


def test_an_empty_recording_is_over_at_once(hand):
    assert play(hand).finished
    assert play(hand, loop=True).finished
    assert play(hand).wait == math.inf


def test_as_fast_as_possible_hands_out_everything_in_order():
    clock = EagerClock(START)
    playback = Playback(recording(0.0, 7.0, 9.0), clock, start_ns=START)
    assert topics(playback) == ['/t0', '/t1', '/t2']
    assert clock.now_ns == START + 9 * NS
    assert playback.finished


def test_as_fast_as_possible_may_be_paused_and_stepped():
    clock = EagerClock(START)
    playback = Playback(recording(1.0, 2.0, 3.0), clock, start_ns=START)
    clock.pause()
    assert topics(playback) == []
    assert playback.wait == math.inf
    playback.step()
    assert topics(playback) == ['/t0']
    assert topics(playback) == []
    clock.resume()
    assert topics(playback) == ['/t1', '/t2']
