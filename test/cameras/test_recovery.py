# SPDX-License-Identifier: Apache-2.0
"""The recovery ladder against a clock of its own."""

from __future__ import annotations

import itertools

import pytest

from frs_ros.cameras.recovery import Ladder, State

PERIOD = 1 / 30
STEP = 0.01


class Bench:
    """A ladder, time, and what it did when."""

    def __init__(self, *, can_reset: bool = True) -> None:
        self.now = 100.0
        self.done: list[tuple[str, float]] = []
        reset = (lambda: self.note('reset')) if can_reset else None
        self.ladder = Ladder(PERIOD, lambda: self.note('restart'), reset)
        self.ladder.start(self.now)
        self.done.clear()

    def note(self, what: str) -> None:
        self.done.append((what, round(self.now - 100.0, 2)))

    def run(self, seconds: float, *, frames: bool = False) -> None:
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            if frames:
                self.ladder.frame(self.now)
            self.ladder.tick(self.now)


@pytest.fixture
def bench():
    bench = Bench()
    bench.ladder.opened(bench.now)
    bench.run(1.0, frames=True)
    assert bench.done == []
    assert not bench.ladder.lost()
    return bench


def test_slow_camera_is_not_restarted_between_two_images():
    done: list[str] = []
    ladder = Ladder(2.0, lambda: done.append('restart'), lambda: done.append('reset'))
    ladder.start(0.0)
    ladder.opened(0.1)
    done.clear()
    for now in range(1, 60):
        if now % 2:
            ladder.frame(float(now))
        ladder.tick(float(now))
        assert not ladder.stale(float(now))
    assert done == []
    ladder.tick(59.0 + 6.1)
    assert done == ['restart']


def test_three_periods_without_a_image_are_stale(bench):
    bench.run(2 * PERIOD)
    assert not bench.ladder.stale(bench.now)
    bench.run(1.2 * PERIOD)
    assert bench.ladder.stale(bench.now)
    assert not bench.ladder.lost()
    bench.ladder.frame(bench.now)
    assert not bench.ladder.stale(bench.now)


def test_restart_after_one_second_reset_after_three_then_open_again(bench):
    bench.run(1.5)
    assert bench.done == [('restart', 2.0)]  # the silence began at 1.0
    assert bench.ladder.lost()
    bench.ladder.opened(bench.now)
    bench.run(2.0)
    assert bench.done[1:] == [('reset', 4.0)]
    assert bench.ladder.state is State.RESETTING
    bench.run(5.0)
    assert bench.done[2:] == [('restart', 9.0)]
    assert bench.ladder.recoveries == 3


def test_a_image_ends_the_climb(bench):
    bench.run(1.5)
    bench.ladder.opened(bench.now)
    bench.run(1.0, frames=True)
    assert not bench.ladder.lost()
    bench.run(1.05)
    assert [what for what, _ in bench.done] == ['restart', 'restart']


def test_opening_gets_its_time(bench):
    """A pipeline needs a second or two to open; to restart it meanwhile would never end."""
    bench.run(1.0)
    assert bench.done == [('restart', 2.0)]
    bench.run(4.9)  # nobody says that it is open
    assert len(bench.done) == 1
    bench.run(0.2)
    assert bench.done[1][0] == 'reset'


def test_a_first_frame_is_waited_for_after_opening(bench):
    bench.run(1.0)
    bench.run(2.5)
    bench.ladder.opened(bench.now)  # 3.5 s of silence, but just opened
    bench.run(0.9)
    assert len(bench.done) == 1
    bench.run(0.2)
    assert bench.done[1][0] == 'reset'


def test_an_opening_that_fails_is_tried_again_every_second():
    bench = Bench(can_reset=False)
    for _ in range(4):
        bench.ladder.failed(bench.now)
        bench.run(1.0)
    assert bench.done == [('restart', 1.0), ('restart', 2.0), ('restart', 3.0), ('restart', 4.0)]
    assert bench.ladder.lost()


def test_a_reset_that_fails_is_not_waited_for():
    """The camera is unplugged: there is nothing to reset, but it may come back any time."""
    bench = Bench()
    for _ in range(300):
        if bench.ladder.state is not State.FAILED:
            bench.ladder.failed(bench.now)
        bench.run(5 * STEP)
    times = [when for what, when in bench.done if what == 'restart']
    assert times[0] == pytest.approx(1.0, abs=0.1)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(gaps) < 3.2  # how long a camera that is plugged in again has to wait
    assert min(gaps) > 0.9  # and no storm
    assert any(what == 'reset' for what, _ in bench.done)


@pytest.mark.parametrize('can_reset', [True, False])
def test_a_camera_that_opens_and_stays_dark_is_never_given_up(can_reset):
    bench = Bench(can_reset=can_reset)
    for _ in range(600):
        if bench.ladder.state is State.OPENING:
            bench.ladder.opened(bench.now)
        bench.run(10 * STEP)
    last = bench.done[-1][1]
    assert bench.now - 100.0 - last < 8.1
    assert ('reset' in dict(bench.done)) == can_reset
    assert bench.ladder.recoveries == len(bench.done)
