# SPDX-License-Identifier: Apache-2.0
"""One stream from several queues, with queues and a clock by hand."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from frs_ros.bags.play.stamp_merge import Arrival, StampMerge

HOLD = 100


class Queues:
    """Queues of arrivals, and what has come out of their merge."""

    def __init__(self, *names: str) -> None:
        self.merge = StampMerge(HOLD)
        self.queues: dict[str, deque[Arrival]] = {name: deque() for name in names}
        for name, queue in self.queues.items():
            self.merge.add(name, lambda q=queue: q.popleft() if q else None)

    def put(self, name: str, stamp: int, received: int) -> None:
        self.queues[name].append(Arrival(name, stamp, received, b''))

    def out(self, now: int) -> list[tuple[str, int]]:
        found = []
        while (arrival := self.merge.next(now)) is not None:
            found.append((arrival.topic, arrival.stamp_ns))
        return found


def test_the_lowest_stamp_comes_first_when_all_queues_have_one():
    queues = Queues('a', 'b')
    queues.put('a', 20, 1000)
    queues.put('b', 10, 1000)
    queues.put('b', 30, 1000)
    assert queues.out(1000) == [('b', 10), ('a', 20)]  # 30 waits: 'a' may bring 25


def test_an_empty_queue_is_waited_for_and_no_longer_than_the_hold():
    queues = Queues('a', 'b')
    queues.put('a', 20, 1000)
    assert queues.out(1000 + HOLD - 1) == []
    queues.put('b', 10, 1050)
    assert queues.out(1000 + HOLD - 1) == [('b', 10)]
    assert queues.out(1000 + HOLD) == [('a', 20)]


def test_what_has_waited_long_enough_comes_at_once_however_much_it_is():
    queues = Queues('a', 'b', 'never')
    for stamp in range(0, 100, 2):
        queues.put('a', stamp, 0)
        queues.put('b', stamp + 1, 0)
    assert [stamp for _, stamp in queues.out(HOLD)] == list(range(100))


def test_little_is_taken_out_of_the_queues():
    """Whoever sends faster than we read must feel it there."""
    queues = Queues('a', 'b')
    for stamp in range(50):
        queues.put('a', stamp, 0)
    assert queues.out(0) == []
    assert len(queues.queues['a']) == 49


def test_a_time_of_arrival_in_the_future_does_not_hold_forever():
    queues = Queues('a', 'b')
    queues.put('a', 1, 10_000)
    assert queues.out(500) == [('a', 1)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from('abc'), st.integers(1, 5)), max_size=40), st.data())
def test_delays_below_the_hold_do_not_change_the_order(messages, data):
    """Sent in order, received late by any amount below the hold: handed out in order."""
    sent, arrivals = 0, []
    for topic, gap in messages:
        sent += gap
        arrivals.append((topic, sent, sent + data.draw(st.integers(0, HOLD - 1))))
    received: dict[str, int] = {}
    timeline = []
    for topic, stamp, at in arrivals:
        received[topic] = max(at, received.get(topic, 0))  # a queue keeps its own order
        timeline.append((received[topic], topic, stamp))
    queues, out = Queues('a', 'b', 'c'), []
    for now in range(sent + 3 * HOLD):
        for at, topic, stamp in timeline:
            if at == now:
                queues.put(topic, stamp, at)
        out += queues.out(now)
    assert [stamp for _, stamp in out] == [stamp for _, stamp, _ in arrivals]
