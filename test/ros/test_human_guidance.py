# SPDX-License-Identifier: Apache-2.0
"""The keyboard node in a terminal of its own (a pty), and without one."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

pytest.importorskip('rclpy')

from frs_ros.msg import Guidance
from frs_ros.ros import qos

COMMAND = [sys.executable, '-m', 'frs_ros.nodes.human_guidance_node', '--ros-args']


class Keyboard:
    """The node at the other end of a pty."""

    def __init__(self, *ros_args: str) -> None:
        self.end, other = pty.openpty()
        self.before = termios.tcgetattr(other)
        self.process = subprocess.Popen(
            [*COMMAND, *ros_args], stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        self.other = other
        self.screen = ''

    def type(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    def read(self) -> str:
        """All the screen has shown so far."""
        os.set_blocking(self.end, False)
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.end, 4096):
                self.screen += data.decode(errors='replace')
        return self.screen

    def settings(self) -> list:
        return termios.tcgetattr(self.other)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.end)
        os.close(self.other)


@pytest.fixture
def keyboard(ros_domain):
    made = []

    def make(*ros_args: str) -> Keyboard:
        made.append(Keyboard(*ros_args))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_keys_become_guidance_and_the_terminal_is_restored(ros, keyboard):
    received = ros.collect(ros.node(), Guidance, 'guidance', qos.GUIDANCE_NEWEST)
    terminal = keyboard('-p', 'hold:=0.4')
    ros.wait_for(lambda: received, 20.0, 'guidance')
    assert not received[-1].enabled  # nobody has touched a key
    assert terminal.settings() != terminal.before
    assert 'forward / back' in terminal.read()

    terminal.type('\x1b[A2q')  # an arrow key means nothing, least of all 'left'
    ros.wait_for(lambda: received[-1].enabled, what='steering')
    assert list(received[-1].direction) == [0, 0, 1]
    assert (received[-1].magnitude, received[-1].source) == (0.5, 'keyboard')
    ros.wait_for(lambda: 'z +1' in terminal.read(), what='the direction on the screen')

    ros.wait_for(lambda: not received[-1].enabled, 3.0, 'the end of the wish')
    assert list(received[-1].direction) == [0, 0, 0]
    ros.wait_for(lambda: terminal.read().rindex('not steering') > terminal.read().rindex('z +1'))

    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(5.0) == 0
    assert terminal.settings() == terminal.before
    assert 'Traceback' not in terminal.read()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_terminal_is_restored_whatever_the_signal(ros_domain, keyboard, wait_for, number):
    terminal = keyboard()
    wait_for(lambda: 'Ctrl-C ends' in terminal.read(), 20.0, 'the help screen')
    terminal.process.send_signal(number)
    assert terminal.process.wait(5.0) == 0
    assert terminal.settings() == terminal.before


def test_wrong_parameter_restores_the_terminal(keyboard):
    terminal = keyboard('-p', 'hold:=-1.0')
    assert terminal.process.wait(20.0) == 2
    assert 'hold is -1.0' in terminal.read()
    assert terminal.settings() == terminal.before


def test_without_a_terminal_it_says_what_to_do(node_process):
    process = node_process('human_guidance')
    assert process.wait(20.0) == 2
    assert len(process.output.splitlines()) == 1
    assert '-m frs_ros.nodes.human_guidance_node' in process.output
