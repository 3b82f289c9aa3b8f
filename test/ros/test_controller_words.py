# SPDX-License-Identifier: Apache-2.0
"""What the controller says to the log and to /diagnostics: each thing once, with its level."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from frs_ros.nodes import controller_topics
from frs_ros.nodes.controller_topics import ControllerTopics
from frs_ros.robot.cell_state import CellState, CellStateMachine
from frs_ros.robot.holding import STEADY
from frs_ros.robot.status import Status

QUIET = Status(
    *(CellState.ACTIVE, '', '', False, '', ()),
    *(0, 0, 0, 0, 0, 0, 0, 0.0, 1.0),
    refusal='',
    gripper='',
)
HOLD = replace(QUIET, state=CellState.HOLD, reason='silent', resume='it goes on by itself')


class Desk:
    """Topics that lead nowhere, diagnostics that are noted, and a clock turned by hand."""

    def __init__(self, monkeypatch) -> None:
        self.now, self.lines = 0.0, []
        monkeypatch.setattr(controller_topics.time, 'monotonic', lambda: self.now)
        clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=10**18))
        node = SimpleNamespace(
            create_publisher=lambda *_, **__: SimpleNamespace(publish=lambda msg: None),
            get_clock=lambda: clock,
        )
        self.topics = ControllerTopics(node, self, 'base')

    def report(self, concern: str, line: str, *, error: bool = False) -> None:
        if not self.lines or self.lines[-1] != (concern, line, error):
            self.lines.append((concern, line, error))

    def clear(self, concern: str) -> None:
        self.lines.append((concern, 'well', False))

    def say(self, status: Status, seconds: float = 0.1) -> None:
        self.now += seconds
        self.topics.status(status)


@pytest.fixture
def desk(monkeypatch):
    return Desk(monkeypatch)


def shown(machine: CellStateMachine) -> Status:
    return replace(
        QUIET,
        state=machine.state,
        reason=machine.reason,
        resume=machine.resume_hint,
        wanted=machine.wanted,
    )


def test_no_line_ends_with_a_dash(desk):
    machine = CellStateMachine()
    desk.say(shown(machine))
    machine.connected()
    machine.disconnected()
    desk.say(shown(machine))
    desk.say(replace(HOLD, resume=''))
    line = 'DISCONNECTED: not connected to the robot - configure and activate the node'
    assert [words for _, words, _ in desk.lines] == [line, 'HOLD: silent']


def test_what_the_operator_wanted_is_no_error(desk):
    machine = CellStateMachine()
    machine.connected()
    machine.start_episode()
    machine.stop('stopped by the operator', wanted=True)
    desk.say(shown(machine))
    machine.home()
    machine.homed()
    desk.say(shown(machine))
    assert desk.lines[-1] == ('robot', 'STOPPED: at the start position - call ~/resume', False)
    machine.resume()
    machine.stop('the robot is silent')
    desk.say(shown(machine))
    assert [error for _, _, error in desk.lines] == [False, False, True]


def test_lines_that_differ_in_their_figures_are_one(desk):
    for n in range(50):
        desk.say(
            replace(QUIET, refusal=f'chunk {n}: is stale: its observation is {n / 7:.2f} s old')
        )
    assert len(desk.lines) == 1


def test_what_comes_and_goes_with_every_image_is_one_line(desk):
    for n in range(100):
        desk.say(HOLD if n % 2 else QUIET, seconds=0.05)
    assert len(desk.lines) == 1
    desk.say(QUIET, seconds=STEADY)
    assert desk.lines[-1] == ('robot', 'well', False)
    desk.say(HOLD)
    assert len(desk.lines) == 3
