# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and SIGTERM while a loop runs that ends the node itself, and after it."""

from __future__ import annotations

import signal
import sys

import pytest

pytest.importorskip('rclpy')

NODE = """
import sys
from rclpy.node import Node
from frs_ros.ros import spin
from frs_ros.ros.ending import Ending

class Loop(Node):
    def __init__(self):
        super().__init__('loop')
        self.ending = Ending()
        self.ending.hold()
        self.ending.hold()  # which is no second one
        self.create_timer(0.02, self.on_period)
        self.rounds = 0

    def on_period(self):
        self.rounds += 1
        if self.rounds == 1:
            print('runs', flush=True)
        if self.ending.due:
            print('middleware', self.context.ok(), flush=True)
            raise KeyboardInterrupt
        if sys.argv[1] == 'released' and self.rounds == 1:
            self.ending.release()
            self.ending.release()
            print('released', flush=True)

sys.exit(spin.run(Loop, []))
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('how', ['held', 'released'])
def test_the_loop_ends_the_node_while_it_runs_and_rclpy_after_it(
    node_process, wait_for, how, number
):
    process = node_process('loop', command=[sys.executable, '-c', NODE, how])
    wait_for(lambda: ('runs' if how == 'held' else 'released') in process.output, 30.0, 'a loop')
    process.signal(number)
    assert process.wait(10.0) == 0
    assert ('middleware True' in process.output) is (how == 'held')
    assert 'Traceback' not in process.output
