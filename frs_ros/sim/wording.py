# SPDX-License-Identifier: Apache-2.0
"""LIBERO's names for objects and tasks."""


def object_type(name: str) -> str:
    """'milk_1' -> 'milk'."""
    return name.rsplit('_', 1)[0]


def instruction_for(target: str) -> str:
    """The stock wording of `libero_object` for any of its objects."""
    thing = object_type(target).replace('_', ' ')
    return f'pick up the {thing} and place it in the basket'
