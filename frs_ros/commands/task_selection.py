# SPDX-License-Identifier: Apache-2.0
"""Tasks and init states from what a user writes: '5,6,7', '0-4', 'trained', 'heldout', 'all'."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from frs_ros.errors import ConfigError

if TYPE_CHECKING:
    from frs_ros.sim.suites import Task

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


def split(tasks: Sequence[Task], checkpoint: Path) -> dict[str, list[int]]:
    """Tasks by what the checkpoint was trained with.

    'trained' are those whose instruction it knows and 'untrained' the others; 'heldout' are of
    these what was held out in training, or all of them where nothing of the suite was.

    Empty for a large policy: what it was trained on is not known.
    """
    from frs_ros.policies.checkpoint import read_metadata
    from frs_ros.policies.vocabulary import Vocabulary
    from frs_ros.sim.wording import instruction_of_type

    description = read_metadata(checkpoint)
    if not description:
        return {}
    vocabulary = Vocabulary(description.get('instructions', []))
    named = description.get('training', {}).get('data', {}).get('held_out', [])
    held_out = Vocabulary([*named, *map(instruction_of_type, named)])
    trained = [task.task_id for task in tasks if vocabulary.knows(task.instruction)]
    untrained = [task.task_id for task in tasks if task.task_id not in trained]
    chosen = [task.task_id for task in tasks if held_out.knows(task.instruction)]
    heldout = [task_id for task_id in untrained if task_id in chosen]
    return {'trained': trained, 'untrained': untrained, 'heldout': heldout or untrained}


def init_range(first: int, trials: int, available: int) -> range:
    """Init states from `--init` and `--trials`; ConfigError if a task has too few of them."""
    if first < 0 or trials < 1:
        raise ConfigError('--trials must be at least 1 and --init not negative')
    if first + trials > available:
        raise ConfigError(
            f'--init {first} --trials {trials} goes beyond the last init state, '
            f'{available - 1}; lower one of the two'
        )
    return range(first, first + trials)


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
