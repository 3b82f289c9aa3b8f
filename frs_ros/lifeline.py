# SPDX-License-Identifier: Apache-2.0
"""Ends a process when the one that started it dies, even by `kill -9`. Linux only."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import sys
from pathlib import Path

# Set by who wants its children to end with it: its own process id.
PARENT = 'FRS_ROS_PARENT_PID'

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Asks the kernel for SIGTERM once the parent is gone, if the parent is above this process.

    That is one which has named itself, as `frs up` and launch files do, or `ros2 run`: killed, it
    would leave a controller that moves an arm with nobody above it. A shell is no such parent.

    Called by the child and not between fork and exec: a supervisor runs threads, and in a forked
    copy of those nothing but exec is safe.
    """
    named = os.environ.pop(PARENT, '')
    if not sys.platform.startswith('linux'):
        return
    parent = int(named) if named else os.getppid()
    if not named and not _is_ros2_run(parent):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it had died before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def _is_ros2_run(pid: int) -> bool:
    """Whether the command line of a process is `[python] .../ros2 run ...`."""
    try:
        words = Path(f'/proc/{pid}/cmdline').read_bytes().split(b'\0')[:3]
    except OSError:
        return False
    names = [os.path.basename(word) for word in words]
    return any(pair == (b'ros2', b'run') for pair in itertools.pairwise(names))
