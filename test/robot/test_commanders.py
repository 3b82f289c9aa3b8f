# SPDX-License-Identifier: Apache-2.0
"""One commander at a time: with ids of publishers in messages, and where nobody tells them."""

from __future__ import annotations

import pytest

from frs_ros.robot.commanders import BOOKS, LOOK, UNNAMED, Commanders

SERVER = '/policy_server'
told = pytest.mark.parametrize('told', [True, False], ids=['ids', 'no ids'])


class Graph:
    """Commanders, a clock, and messages with or without the id of their publisher."""

    def __init__(self, told: bool = True) -> None:
        self.commanders, self.now, self._told = Commanders(), 0.0, told
        self.present: dict[str, str] = {}

    def see(self, **present: str) -> tuple[str, ...]:
        self.present = present
        self.commanders.seen(present, self.now)
        return self.commanders.names

    def hear(self, endpoint: str) -> bool:
        return self.commanders.heard(endpoint if self._told else '', self.now)

    def silence(self) -> None:
        self.commanders.silent(self.now)

    def wait(self, seconds: float) -> tuple[str, ...]:
        self.now += seconds
        return self.see(**self.present)


@told
def test_second_commander_is_seen(told):
    graph = Graph(told)
    assert graph.see(a=SERVER) == (SERVER,)
    assert graph.see(a=SERVER, b='/intruder') == ('/intruder', SERVER)
    assert graph.see(a=SERVER, b=SERVER) == (SERVER, SERVER)
    assert graph.see(a=SERVER) == (SERVER,)


@told
def test_successor_of_a_killed_one_is_no_second_commander(told):
    graph = Graph(told)
    graph.see(a=SERVER)
    graph.silence()
    assert graph.see(a=SERVER) == (SERVER,)  # silent, but still the only one
    graph.now = 3.0
    assert graph.see(a=SERVER, c=SERVER) == (SERVER,)  # started again
    assert graph.hear('c')
    assert graph.wait(15.0) == (SERVER,)
    assert graph.hear('c')
    assert graph.see(c=SERVER) == (SERVER,)  # the books forget the killed one
    assert graph.see(c=SERVER, d=SERVER) == (SERVER, SERVER)  # and that is no successor


@told
def test_one_that_was_slow_once_is_not_lost(told):
    """It was silent and answers again: whoever comes under its name then is a second one."""
    graph = Graph(told)
    graph.see(a=SERVER)
    graph.silence()
    assert graph.hear('a')
    assert graph.see(a=SERVER, b=SERVER) == (SERVER, SERVER)


@told
def test_lost_one_that_speaks_beside_its_successor_is_a_second_commander(told):
    graph = Graph(told)
    graph.see(a=SERVER)
    graph.silence()
    graph.see(a=SERVER, c=SERVER)
    graph.hear('a')
    if not told:  # it may have been the other one; but nobody stays in the books for so long
        assert graph.wait(BOOKS - 1.0) == (SERVER,)
        graph.wait(2.0)
    assert graph.commanders.names == (SERVER, SERVER)


@told
def test_silence_of_days_does_not_shorten_the_wait_for_a_successor(told):
    """An idle cell is silent for long; its server may be started again all the same."""
    graph = Graph(told)
    graph.see(a=SERVER)
    for _ in range(200):
        graph.silence()
        graph.wait(1.0)
    graph.silence()
    assert graph.see(a=SERVER, c=SERVER) == (SERVER,)


@told
def test_a_commander_without_a_name_yet_may_be_the_successor_of_a_lost_one_only(told):
    graph = Graph(told)
    assert len(graph.see(a=SERVER, b=UNNAMED)) == 2  # the other one is well
    graph.see(a=SERVER)
    graph.silence()
    assert len(graph.see(a=SERVER, b=UNNAMED)) == 1
    assert len(graph.see(a=SERVER, b=UNNAMED, c=UNNAMED)) == 2
    assert graph.see(a=SERVER, b='/intruder') == ('/intruder', SERVER)
    assert graph.see(a=UNNAMED, b=SERVER) == (SERVER,)  # the books forget the lost one


def test_a_publisher_that_nobody_knows_is_looked_for_and_not_heard():
    looks = []

    def census() -> dict[str, str]:
        looks.append(len(looks))
        return {'a': SERVER, 'b': SERVER} if len(looks) > 3 else {'a': SERVER}

    commanders = Commanders(census)
    assert commanders.heard('a', 0.0)  # by the look
    assert not commanders.heard('rogue', LOOK / 2)  # the look before is fresh
    assert len(looks) == 1
    for n in range(1000):  # a flood in 2 looks' time
        assert not commanders.heard('rogue', LOOK + 2 * LOOK * n / 1000)
    assert len(looks) <= 4
    assert commanders.heard('a', 3 * LOOK)
    assert commanders.heard('b', 5 * LOOK)
    assert commanders.names == (SERVER, SERVER)


def test_without_ids_each_message_is_reason_to_look():
    present = {'a': SERVER}
    commanders = Commanders(lambda: present)
    assert commanders.heard('', 0.0)
    present['b'] = '/rogue'
    assert commanders.heard('', 2 * LOOK)
    assert commanders.names == (SERVER, '/rogue')
