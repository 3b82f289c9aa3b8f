# SPDX-License-Identifier: Apache-2.0
"""The simulated arm as a process: it says what is wrong on one line, and it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from frs_ros.errors import DependencyError
from frs_ros.lifeline import PARENT
from frs_ros.robot.simulated_arm import PORT, simulate

COMMAND = [sys.executable, '-m', 'frs_ros.robot.simulated_arm', '--host']


@pytest.fixture
def host():
    low = os.getpid() % 60000
    return f'127.78.{low // 250}.{low % 250 + 1}'


def ends(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f'/proc/{pid}/stat') as stat:  # a zombie that nobody has waited for yet
        return stat.read().rpartition(')')[2].split()[0] == 'Z'


def test_missing_library(monkeypatch):
    monkeypatch.setitem(sys.modules, 'franky_sim', None)
    with pytest.raises(DependencyError, match='pip install franky-sim'):
        simulate('127.0.0.1')


def test_address_in_use(host):
    pytest.importorskip('franky_sim')
    with socket.socket() as taken:
        taken.bind((host, PORT))
        taken.listen()
        done = subprocess.run([*COMMAND, host], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith('simulated_arm: error: cannot listen on')
    assert len(done.stderr.splitlines()) == 1


def test_ends_with_its_parent_and_with_sigterm(host, wait_for):
    """The parent is a shell that names itself and is killed without a word."""
    pytest.importorskip('franky_sim')
    script = f'export {PARENT}=$$; {" ".join(COMMAND)} {host} & echo $!; wait'
    shell = subprocess.Popen(['sh', '-c', script], stdout=subprocess.PIPE, text=True)
    pid = int(shell.stdout.readline())
    assert 'ready' in shell.stdout.readline()
    shell.kill()
    shell.wait()
    try:
        wait_for(lambda: ends(pid), timeout=10.0, what='the end of the simulated arm')
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise


def test_lingers_after_ctrl_c_if_told_to():
    code = (
        'import sys, time, frs_ros.robot.simulated_arm as arm\n'
        'arm.simulate = lambda host: (print("up", flush=True), time.sleep(60))\n'
        'sys.argv = ["simulated_arm", "--linger", "0.5"]\n'
        'sys.exit(arm.main())'
    )
    process = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == 'up\n'
        start = time.monotonic()
        for _ in range(2):  # from the terminal and from launch
            process.send_signal(signal.SIGINT)
        assert process.wait(10.0) == 0
        assert time.monotonic() - start >= 0.5
    finally:
        process.kill()
