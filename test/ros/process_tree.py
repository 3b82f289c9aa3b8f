# SPDX-License-Identifier: Apache-2.0
"""Which processes there are below another one. Linux only."""

from __future__ import annotations

from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Process ids below this one."""
    parents = {}
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(')', 1)[1].split()[1])
        except OSError:
            continue  # it ended meanwhile
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False
