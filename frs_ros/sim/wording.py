# SPDX-License-Identifier: Apache-2.0
"""LIBERO's names for objects and tasks."""

from frs_ros.errors import ConfigError

RETARGETED = 'libero_object'  # the suite in which any object can be the one to fetch
# The suite whose instructions say where a thing lies: 'the black bowl on the stove'.
TOLD_BY_PLACE = 'libero_spatial'


def check_retargeted(suite: str) -> None:
    """ConfigError unless another object than the task's own can be the one to fetch."""
    if suite != RETARGETED:
        raise ConfigError(f'another target can be named in {RETARGETED} only, not {suite}')


def object_type(name: str) -> str:
    """'milk_1' -> 'milk'."""
    return name.rsplit('_', 1)[0]


def instruction_for(target: str) -> str:
    """The stock wording of `libero_object` for any of its objects."""
    return instruction_of_type(object_type(target))


def instruction_of_type(kind: str) -> str:
    """The same for a type of object, such as 'milk'."""
    return f'pick up the {kind.replace("_", " ")} and place it in the basket'


# Places of `libero_goal` as its instructions call them.
_PLACES = {
    'plate_1': 'on the plate',
    'akita_black_bowl_1': 'in the bowl',
    'flat_stove_1_cook_region': 'on the stove',
    'wooden_cabinet_1_top_side': 'on top of the cabinet',
    'wine_rack_1_top_region': 'on the rack',
}
_THINGS = {'akita_black_bowl': 'bowl', 'glazed_rim_porcelain_ramekin': 'ramekin'}


def placing(thing: str, place: str) -> str:
    """The wording of `libero_goal` for any of its objects and places."""
    kind = object_type(thing)
    return f'put the {_THINGS.get(kind, kind.replace("_", " "))} {_PLACES[place]}'
