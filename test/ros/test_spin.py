# SPDX-License-Identifier: Apache-2.0
"""Exit codes of a node: what was wrong from the start, what failed later, what was a signal."""

from __future__ import annotations

import os
import signal
import sys

import pytest

pytest.importorskip('rclpy')

START_TIMEOUT = 60.0

PROGRAM = """
import sys, time
from rclpy.node import Node
from frs_ros.errors import DataError
from frs_ros.ros import spin

class Probe(Node):
    def __init__(self):
        super().__init__('probe')
        print('made', flush=True)
        {at_start}
        self.create_timer(0.01, self.tick)
    def tick(self):
        {later}
    def destroy_node(self):
        {at_end}
        super().destroy_node()

sys.exit(spin.run(Probe, sys.argv))
"""


@pytest.fixture
def probe(node_process):
    """Starts a node that does these things at its start, in a callback and at its end."""

    def start(at_start: str = 'pass', later: str = 'pass', at_end: str = 'pass', words=()):
        code = PROGRAM.format(at_start=at_start, later=later, at_end=at_end)
        return node_process('probe', command=[sys.executable, '-c', code, *words])

    return start


def said_when(process, wait_for, word: str) -> None:
    wait_for(lambda: word in process.output or process.returncode is not None, START_TIMEOUT, word)


def test_what_keeps_a_node_from_starting_ends_it_with_2(probe):
    process = probe(at_start='raise DataError("no such bag")')
    assert process.wait(START_TIMEOUT) == 2
    assert process.output.endswith('frs_ros: no such bag\n')


def test_what_fails_later_is_no_wrong_parameter(probe):
    """With 2 it would not be started again."""
    process = probe(later='raise DataError("a number that is not finite")')
    assert process.wait(START_TIMEOUT) == 1
    assert process.output.endswith('frs_ros: a number that is not finite\n')
    assert 'Traceback' not in process.output


def test_words_that_ros_cannot_take_are_one_line_and_no_success(probe, monkeypatch):
    """In a locale without UTF-8 an argument such as an instruction is no text to rclpy."""
    monkeypatch.setenv('LC_ALL', 'C')
    monkeypatch.setenv('PYTHONUTF8', '0')
    monkeypatch.setenv('PYTHONCOERCECLOCALE', '0')
    words = [b'--ros-args', b'-p', b"instruction:='\xc3\xb6ffne'"]
    process = probe(words=words)
    assert process.wait(START_TIMEOUT) == 2
    assert 'frs_ros: a ROS argument is no text in the encoding of this terminal' in process.output
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('error', ['ValueError("no")', 'OSError("no")', 'RuntimeError("no")'])
def test_any_failure_of_ros_to_start_is_an_error(monkeypatch, capsys, error):
    import rclpy

    from frs_ros.ros import spin

    def refuse(**_: object) -> None:
        raise eval(error)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(rclpy, 'init', refuse)
    try:
        assert spin.run(lambda: None, []) == 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert capsys.readouterr().err.startswith('frs_ros: ROS ')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_start_is_a_normal_end(probe, wait_for, number):
    """Also where the start takes long, as that of a policy."""
    process = probe(at_start='time.sleep(60)')
    said_when(process, wait_for, 'made')
    process.signal(number)
    assert process.wait(20.0) == 0
    assert process.output.endswith('made\n')
    assert 'Traceback' not in process.output


def test_what_a_signal_breaks_is_no_failure(probe, wait_for):
    fragile = 'self.create_publisher(Node, "x", 1) if not self.context.ok() else None'
    process = probe(later=f'print("ticks", flush=True); {fragile}')
    said_when(process, wait_for, 'ticks')
    os.kill(process.process.pid, signal.SIGTERM)
    assert process.wait(20.0) == 0
    assert 'Traceback' not in process.output


def test_a_context_that_is_gone_without_a_signal_is_a_failure(probe):
    process = probe(at_start='import rclpy; rclpy.shutdown(); self.create_timer("soon", None)')
    assert process.wait(START_TIMEOUT) == 1
    assert 'Traceback' in process.output


def test_a_second_ctrl_c_does_not_disturb_the_end(probe, wait_for):
    """In a terminal a node gets it twice; the end may take a while, as that of an arm."""
    end = 'print("ending", flush=True); time.sleep(0.5); print("ended", flush=True)'
    process = probe(at_end=end)
    said_when(process, wait_for, 'made')
    process.signal(signal.SIGINT)
    said_when(process, wait_for, 'ending')
    for number in (signal.SIGINT, signal.SIGTERM):
        process.signal(number)
    assert process.wait(20.0) == 0
    assert process.output.endswith('ending\nended\n')
