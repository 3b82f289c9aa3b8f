# SPDX-License-Identifier: Apache-2.0
"""Task numbers from what a user writes: '5,6,7', '0-4', 'all', 'trained', 'heldout'."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from frs_ros.errors import ConfigError

ALL = 'all'


def parse_tasks(text: str, count: int, split: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """Reads a comma-separated list of numbers, ranges and names.

    Args:
        text: What the user wrote.
        count: Number of tasks of the suite.
        split: Named task lists of the checkpoint, such as 'trained' and 'heldout'.

    Raises:
        ConfigError: Something is neither a task of the suite nor a known name.
    """
    chosen: list[int] = []
    for part in (part.strip() for part in text.split(',')):
        chosen += _expand(part, count, split)
    return tuple(dict.fromkeys(chosen))


def _expand(part: str, count: int, split: Mapping[str, Sequence[int]]) -> list[int]:
    if part == ALL:
        return list(range(count))
    if part in split:
        return list(split[part])
    numbers = re.fullmatch(r'(\d+)(?:-(\d+))?', part)
    if not numbers:
        names = ', '.join([*split, ALL])
        raise ConfigError(
            f"unknown task '{part}'; give numbers (5,6,7), a range (0-4), or one of: {names}"
        )
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not first <= last < count:
        raise ConfigError(f"unknown task '{part}'; the suite has tasks 0 to {count - 1}")
    return list(range(first, last + 1))
