# SPDX-License-Identifier: Apache-2.0
"""The thread that publishes: order, pauses, steps, errors, and its end."""

from __future__ import annotations

import time

import pytest

from frs_ros.bags.play.playback import Playback, Recorded
from frs_ros.bags.play.playback_clock import NS, SteadyClock
from frs_ros.bags.play.playback_thread import PlaybackThread
from frs_ros.errors import DataError

START = 5 * NS


class Stage:
    """What a thread has published."""

    def __init__(self, *seconds: float, rate: float = 1.0, broken: bool = False) -> None:
        self.published: list[str] = []
        self.flushed = 0
        clock = SteadyClock(time.monotonic_ns, START, rate)

        def messages():
            for index, at in enumerate(seconds):
                yield Recorded(str(index), START + round(at * NS), b'')
            if broken:
                raise DataError('the bag is cut off')

        playback = Playback(messages, clock, start_ns=START)
        self.thread = PlaybackThread(playback, self._take, self._flush)

    def _take(self, message: Recorded) -> None:
        self.published.append(message.topic)

    def _flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def stage(request):
    made = []

    def make(*seconds: float, **options) -> Stage:
        made.append(Stage(*seconds, **options))
        return made[-1]

    yield make
    for each in made:
        each.thread.stop()


def test_plays_to_the_end_and_flushes_once(stage, wait_for):
    play = stage(0.0, 0.1, 0.2, rate=10.0)
    play.thread.start()
    wait_for(lambda: play.thread.ended)
    assert play.published == ['0', '1', '2']
    assert (play.flushed, play.thread.count, play.thread.error) == (1, 3, None)


def test_pause_step_and_resume(stage, wait_for):
    play = stage(0.0, 1000.0, 2000.0, 2000.1)
    play.thread.start()
    wait_for(lambda: play.published == ['0'])
    play.thread.step()
    assert play.thread.paused
    wait_for(lambda: play.published == ['0', '1'])
    assert play.thread.now_ns == START + 1000 * NS
    play.thread.step()
    wait_for(lambda: play.published == ['0', '1', '2'])
    play.thread.toggle()
    wait_for(lambda: play.thread.ended)
    assert play.published == ['0', '1', '2', '3']


def test_time_begins_with_the_thread(stage, wait_for):
    """What passed before, such as waiting for subscribers, does not count."""
    play = stage(0.05, 1000.0)
    play.thread.pause()
    time.sleep(0.1)
    play.thread.start()
    assert play.thread.now_ns == START
    assert play.published == []
    play.thread.resume()
    wait_for(lambda: play.published == ['0'])


def test_an_end_in_the_middle_of_a_wait(stage):
    play = stage(0.0, 1000.0)
    play.thread.start()
    play.thread.stop()  # returns at once, not after 1000 s
    assert play.thread.ended
    assert '1' not in play.published


def test_a_bag_that_cannot_be_read_to_its_end(stage, wait_for):
    play = stage(0.0, 0.0, broken=True)
    play.thread.start()
    wait_for(lambda: play.thread.ended)
    assert str(play.thread.error) == 'the bag is cut off'
    assert play.flushed == 0
