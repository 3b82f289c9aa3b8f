# SPDX-License-Identifier: Apache-2.0
"""Removes what Fast DDS leaves in shared memory when one of its processes is killed.

Each killed participant leaves half a megabyte, and nothing takes it away but `fastdds shm clean`,
which the wheels do not have; Docker gives a container 64 MB.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from pathlib import Path

FOLDER = Path('/dev/shm')
YOUNG = 10.0  # s; what is younger may be about to be locked by who makes it
_LOCK = re.compile(r'(fastdds|fastrtps)_[0-9a-f]{16}_el')


def clean(folder: Path = FOLDER) -> int:
    """Removes segments of this user whose process is dead; returns how many.

    A living process holds a lock on `NAME_el`, which the kernel takes from a dead one. Ports,
    which processes share, stay.
    """
    removed = 0
    try:
        locks = [path for path in folder.iterdir() if _LOCK.fullmatch(path.name)]
    except OSError:
        return 0
    for lock in locks:
        with contextlib.suppress(OSError):  # another one was faster, or it lives
            removed += _remove(lock)
    return removed


def _remove(lock: Path) -> bool:
    """Removes a segment and its lock; OSError if its process lives."""
    descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        if state.st_uid != os.getuid() or time.time() - state.st_mtime < YOUNG:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        segment = lock.with_name(lock.name.removesuffix('_el'))
        segment.unlink(missing_ok=True)
        lock.unlink()
        return True
    finally:
        os.close(descriptor)
