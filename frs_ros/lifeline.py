# SPDX-License-Identifier: Apache-2.0
"""Ends a process when the one that started it dies, even by `kill -9`. Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# Set by who wants its children to end with it: its own process id.
PARENT = 'FRS_ROS_PARENT_PID'

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Asks the kernel for SIGTERM once the parent is gone, if the parent has named itself.

    Called by the child and not between fork and exec: a supervisor runs threads, and in a forked
    copy of those nothing but exec is safe.
    """
    parent = os.environ.pop(PARENT, '')
    if not parent or not sys.platform.startswith('linux'):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it had died before we asked
        os.kill(os.getpid(), signal.SIGTERM)
