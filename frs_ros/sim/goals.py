# SPDX-License-Identifier: Apache-2.0
"""LIBERO's predicates as goals: which kinds there are, and in which order to work at them.

A goal is a tuple of words as in a task file: (in, milk_1, basket_1_contain_region) places a thing,
(open, wooden_cabinet_1_top_region) or (turnon, flat_stove_1) moves a joint of furniture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frs_ros.errors import ConfigError

Goal = tuple[str, ...]

PLACING = ('in', 'on')
OPENING, CLOSING = ('open', 'turnon'), ('close', 'turnoff')
MOVING = OPENING + CLOSING


def places(goal: Sequence[str]) -> bool:
    """Whether a goal is about a thing and a place, (relation, thing, place)."""
    return len(goal) == 3 and goal[0] in PLACING


def moves(goal: Sequence[str]) -> bool:
    """Whether a goal is about a joint of furniture, (verb, region or furniture)."""
    return len(goal) == 2 and goal[0] in MOVING


def in_order(goals: Iterable[Sequence[str]]) -> tuple[Goal, ...]:
    """The goals of a task in the order in which they can be reached.

    Drawers that must be shut and hold nothing new would be in the way of the others; what has to
    be open or hot comes before what is put there; what others are put on comes before those; and
    lids close last.

    Raises:
        ConfigError: A predicate that is neither placing nor moving.
    """
    given = [tuple(str(word) for word in goal) for goal in goals]
    for goal in given:
        if not places(goal) and not moves(goal):
            raise ConfigError(f'goals such as "{" ".join(goal)}" are not known')
    return tuple(sorted(given, key=lambda goal: _rank(goal, given)))


def _rank(goal: Goal, goals: Sequence[Goal]) -> int:
    placings = [other for other in goals if places(other)]
    if places(goal):
        # (on, bowl_1, bowl_2) waits for (in, bowl_2, tray_1_contain_region)
        return 4 if any(goal[2] == other[1] for other in placings) else 3
    if goal[0] == 'close':
        furniture = goal[1].rsplit('_region', 1)[0]
        return 5 if any(other[2].startswith(furniture) for other in placings) else 0
    return 1 if goal[0] == 'open' else 2
