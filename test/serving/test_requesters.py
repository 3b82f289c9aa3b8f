# SPDX-License-Identifier: Apache-2.0
"""One requester at a time: with ids of publishers in messages, and where nobody tells them."""

from __future__ import annotations

import pytest

from frs_ros.robot.commanders import BOOKS
from frs_ros.serving.requesters import SILENT, Requesters

CONTROLLER = '/franka_controller'
told = pytest.mark.parametrize('told', [True, False], ids=['ids', 'no ids'])


class Graph:
    def __init__(self, told: bool = True, **present: str) -> None:
        self.present, self._told, self.looks = present, told, 0
        self.requesters = Requesters(self._census)

    def ask(self, endpoint: str, now: float) -> str:
        return self.requesters.refusal(endpoint if self._told else '', now)

    def _census(self) -> dict[str, str]:
        self.looks += 1
        return self.present


@told
def test_the_only_one_is_served(told):
    graph = Graph(told, a=CONTROLLER)
    assert [graph.ask('a', t) for t in (0.0, 0.5, 60.0)] == ['', '', '']


def test_a_second_one_is_refused_and_the_first_served():
    graph = Graph(a=CONTROLLER, b='/attacker')
    assert graph.ask('a', 0.0) == ''
    for n in range(100):
        line = graph.ask('b', 0.1 + 0.01 * n)
        assert line == (
            'requests of /attacker are not answered: those of /franka_controller are; '
            'end one of them'
        )
        assert graph.ask('a', 0.1 + 0.01 * n) == ''
    assert 'not answered' in graph.ask('b', 100.0)  # of another name: never, while it is there
    assert graph.ask('a', 101.0) == ''
    graph.present = {'b': '/attacker'}  # it has ended
    assert graph.ask('b', 102.0) == ''


def test_two_that_nobody_can_tell_apart_are_both_refused():
    graph = Graph(told=False, a=CONTROLLER)
    assert graph.ask('a', 0.0) == ''
    graph.present = {'a': CONTROLLER, 'b': '/attacker'}
    line = '2 nodes ask for plans (/attacker, /franka_controller); end all but one'
    assert graph.ask('b', 0.2) == graph.ask('a', 0.3) == graph.ask('a', 9.0) == line
    graph.present = {'a': CONTROLLER}
    assert graph.ask('a', 10.0) == ''


@told
def test_a_restarted_controller_takes_over_while_the_books_still_have_the_old_one(told):
    graph = Graph(told, a=CONTROLLER)
    assert graph.ask('a', 0.0) == ''
    graph.present = {'a': CONTROLLER, 'c': CONTROLLER}
    assert graph.ask('c', SILENT + 0.5) == ''
    assert [graph.ask('c', SILENT + t) for t in (1.0, 1.5, 15.0)] == ['', '', '']
    graph.present = {'c': CONTROLLER}
    assert graph.ask('c', 21.0) == ''


@told
def test_one_of_the_same_name_that_asks_beside_it_is_refused(told):
    graph = Graph(told, a=CONTROLLER)
    assert graph.ask('a', 0.0) == ''
    graph.present = {'a': CONTROLLER, 'c': CONTROLLER}
    assert 'nd ' in graph.ask('c', 0.1)


def test_without_ids_a_second_one_of_the_same_name_is_found_in_the_end():
    graph = Graph(told=False, a=CONTROLLER)
    graph.ask('a', 0.0)
    graph.present = {'a': CONTROLLER, 'c': CONTROLLER}
    times = [SILENT + 0.5 * n for n in range(int(2 * BOOKS) + 4)]
    lines = [graph.ask('c', t) for t in times]
    assert lines[0] == ''  # it may be the successor
    assert lines[-1].startswith('2 nodes ask for plans')  # but the other one does not go


def test_one_that_nobody_knows_is_refused():
    graph = Graph(a=CONTROLLER)
    assert 'nobody knows' in graph.ask('rogue', 0.0)
    assert graph.ask('a', 0.1) == ''


def test_who_is_served_costs_no_look():
    graph = Graph(a=CONTROLLER)
    for n in range(100):
        graph.ask('a', 0.1 * n)
    assert graph.looks == 1
