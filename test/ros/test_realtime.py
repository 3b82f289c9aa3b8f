# SPDX-License-Identifier: Apache-2.0
"""Real-time priority: of every thread, or one line that says why not."""

import os
import subprocess
import sys

import pytest

pytest.importorskip('rclpy')

PROGRAM = """
import os, sys, threading
from frs_ros.ros.realtime import prefer
gate = threading.Event()
before = threading.Thread(target=gate.wait)
before.start()
line = prefer(7)
after = threading.Thread(target=gate.wait)
after.start()
policies = {os.sched_getscheduler(int(t)) for t in os.listdir('/proc/self/task')}
gate.set()
print(line or policies == {os.SCHED_FIFO})
"""


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='Linux only')
def test_all_threads_have_it_or_the_line_says_why_not():
    """Another process: this one would keep the priority."""
    run = [sys.executable, '-c', PROGRAM]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    assert said == 'True' or 'rtprio' in said


def test_without_permission_it_says_so(monkeypatch):
    from frs_ros.ros import realtime

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, 'sched_setscheduler', refuse)
    assert 'rtprio' in realtime.prefer(7)
