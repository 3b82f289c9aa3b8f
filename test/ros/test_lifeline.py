# SPDX-License-Identifier: Apache-2.0
"""A node outlives no supervisor, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frs_ros.lifeline import PARENT

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='asks the Linux kernel')

SUPERVISOR = """
import os, sys
from frs_ros.bringup.supervisor import Command, Supervisor

code = 'import os; print(os.getpid(), flush=True); '
code += 'from frs_ros.nodes.oracle_guidance_node import main; main()'
Supervisor([Command('node', [sys.executable, '-c', code])], print, os.environ).run()
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has reaped yet does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def test_node_ends_when_its_supervisor_is_killed(ros, node_process, wait_for):
    watcher = ros.node('watcher')
    supervisor = node_process('supervisor', command=[sys.executable, '-c', SUPERVISOR])
    ros.wait_for(lambda: 'oracle_guidance' in watcher.get_node_names(), 30.0, 'the node')
    wait_for(lambda: '[node] ' in supervisor.output, 10.0, 'its process id')
    pid = int(supervisor.output.split('[node] ')[1].split()[0])
    assert alive(pid)
    supervisor.process.send_signal(signal.SIGKILL)  # to it alone: the node has its own group
    wait_for(lambda: not alive(pid), 30.0, 'the end of the node')


def test_parent_that_died_during_the_start_is_noticed():
    code = 'from frs_ros.lifeline import end_with_parent as end; end(); print("went on")'
    command = [sys.executable, '-c', code]
    dead = {**os.environ, PARENT: str(2**22 + 1)}  # above any process id
    done = subprocess.run(command, env=dead, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, '')
    own = {**os.environ, PARENT: str(os.getpid())}
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, 'went on\n')


ROS2 = """
import subprocess, sys
node = 'import os, time; from frs_ros.lifeline import end_with_parent as end; end();'
node += 'print(os.getpid(), flush=True); time.sleep(60)'
sys.exit(subprocess.Popen([sys.executable, '-c', node]).wait())
"""


@pytest.mark.parametrize(('name', 'ends'), [('ros2', True), ('a_shell', False)])
def test_a_node_ends_with_its_ros2_run(tmp_path, wait_for, name, ends):
    """Which passes on no SIGTERM, and no SIGKILL; other parents may go."""
    program = tmp_path / name
    program.write_text(ROS2)
    words = [sys.executable, str(program), 'run', 'frs_ros', 'franka_controller']
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        try:
            if ends:
                wait_for(lambda: not alive(pid), 20.0, 'the end of the node')
            assert alive(pid) != ends
        finally:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
