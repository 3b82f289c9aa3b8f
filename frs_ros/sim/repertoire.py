# SPDX-License-Identifier: Apache-2.0
"""What can be done in the scene of a task besides the task itself, and how one says it.

A policy that has always seen one future per scene has no modes to choose from; so demonstrations
go for any of these goals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from frs_ros.errors import ConfigError
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.wording import TOLD_BY_PLACE, instruction_for, object_type, placing


@dataclass(frozen=True)
class Goal:
    """Something to do.

    Attributes:
        predicate: As LIBERO's, such as (on, akita_black_bowl_1, plate_1).
        instruction: In words; '' where words would not tell it from another goal.
    """

    predicate: tuple[str, ...]
    instruction: str


def repertoire(env: LiberoEnv, held_out: Collection[str], shuffled: bool = False) -> list[Goal]:
    """All goals of bringing a thing to a place in a scene, but held-out ones; the order is fixed.

    Args:
        env: Its stock goal counts among them.
        held_out: Of `libero_object`, types of objects that are never fetched; of the other suites
            instructions.
        shuffled: Whether the things lie elsewhere than in the stock layouts, where words that tell
            a thing by its place have become false.
    """
    if env.suite not in _SUITES:
        raise ConfigError(f'there is no repertoire for {env.suite}')
    goals = [
        g
        for g in _SUITES[env.suite](env)
        if g.instruction not in held_out and object_type(g.predicate[1]) not in held_out
    ]
    if shuffled and env.suite == TOLD_BY_PLACE:
        stock = env.stock_instruction
        return [replace(g, instruction='') if g.instruction == stock else g for g in goals]
    return goals


def _object(env: LiberoEnv) -> list[Goal]:
    region = env.stock_goal[2]
    return [Goal(('in', n, region), instruction_for(n)) for n in env.object_names[:-1]]


def _spatial(env: LiberoEnv) -> list[Goal]:
    """The bowl of the task, by its place; the other bowl, which words cannot tell from it."""
    things = [n for n in env.world.movable if n not in (env.stock_goal[1], 'plate_1')]
    other = [
        Goal(('on', n, 'plate_1'), '' if 'bowl' in n else placing(n, 'plate_1')) for n in things
    ]
    return [Goal(env.stock_goal, env.stock_instruction), *other]


_PLACES = ('plate_1', 'flat_stove_1_cook_region', 'wooden_cabinet_1_top_side')


def _goal(env: LiberoEnv) -> list[Goal]:
    """Bowl, cheese and bottle onto every place that they can stand on."""
    pairs = [
        (thing, place)
        for thing in ('akita_black_bowl_1', 'cream_cheese_1', 'wine_bottle_1')
        for place in _PLACES
    ]
    pairs += [
        ('cream_cheese_1', 'akita_black_bowl_1'),
        ('wine_bottle_1', 'wine_rack_1_top_region'),
    ]
    return [Goal(('on', *pair), placing(*pair)) for pair in pairs]


_SUITES: dict[str, Callable[[LiberoEnv], list[Goal]]] = {
    'libero_object': _object,
    'libero_spatial': _spatial,
    'libero_goal': _goal,
}
