# SPDX-License-Identifier: Apache-2.0
"""Disk and memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.system import System

_PART = Part('machine')
_GB = 1e9
LOW, FULL = 5 * _GB, 0.5 * _GB  # recordings of two cameras take about 1 GB per 10 minutes
LITTLE_MEMORY = 3 * _GB  # policy, simulator and ROS together
SMALL_SHARED = 0.1 * _GB  # Docker's default of 64 MB holds few participants of Fast DDS


def disk(system: System, options: Options) -> Iterator[Finding]:
    """Space where results and generated files are written."""
    for name, path in (('disk here', '.'), ('disk home', '~')):
        free = system.free(path)
        if free is None:
            yield _PART.skip(name, f'the file system of {path} does not say')
        elif free < FULL:
            yield _PART.fail(name, f'{free / _GB:.1f} GB free', 'make room before recording')
        elif free < LOW:
            yield _PART.warn(name, f'{free / _GB:.1f} GB free', 'make room before recording')
        else:
            yield _PART.ok(name, f'{free / _GB:.0f} GB free')


def memory(system: System, options: Options) -> Iterator[Finding]:
    """Memory, and the shared memory through which nodes of one machine talk."""
    found = re.search(r'^MemAvailable:\s+(\d+) kB', system.read('/proc/meminfo') or '', re.M)
    if not found:
        yield _PART.skip('memory', 'no MemAvailable in /proc/meminfo')
    else:
        available = int(found[1]) * 1024
        what = f'{available / _GB:.1f} GB available'
        if available < LITTLE_MEMORY:
            yield _PART.warn('memory', what, 'end other programs; 3 GB are a comfortable minimum')
        else:
            yield _PART.ok('memory', what)
    shared = system.free('/dev/shm')
    if shared is None:
        yield _PART.skip('shared memory', 'no /dev/shm')
    elif shared < SMALL_SHARED:
        fix = 'in a container: docker run --shm-size=1g; else fastdds shm clean'
        yield _PART.warn('shared memory', f'{shared / 1e6:.0f} MB free in /dev/shm', fix)
    else:
        yield _PART.ok('shared memory', f'{shared / _GB:.1f} GB free in /dev/shm')


CHECKS = (disk, memory)
