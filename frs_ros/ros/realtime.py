# SPDX-License-Identifier: Apache-2.0
"""Real-time priority for a node that moves something, as ros2_control's controller manager has."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_THREADS = Path('/proc/self/task')


def prefer(priority: int) -> str:
    """Lets all threads of this process, and those they start, run before ordinary ones.

    SCHED_FIFO: a thread runs until it waits. Linux only; the user needs an `rtprio` limit (see
    docs/robot.md) or to be root.

    Args:
        priority: 1 to 99; libfranka's own control thread is above all that is sensible here.

    Returns:
        '' if that is so now, else one line that says why not and the fix.
    """
    if not sys.platform.startswith('linux'):
        return 'real-time priority is available on Linux only'
    for thread in _THREADS.iterdir():
        try:
            os.sched_setscheduler(int(thread.name), os.SCHED_FIFO, os.sched_param(priority))
        except ProcessLookupError:  # the thread has ended meanwhile
            continue
        except PermissionError:
            return (
                'no real-time priority: other work on this computer can delay commands; '
                'give the user an rtprio limit (docs/robot.md)'
            )
    return ''
