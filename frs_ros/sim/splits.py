# SPDX-License-Identifier: Apache-2.0
"""Which tasks the shipped generalist is trained on, and what it never sees done.

Written down before any policy was trained on it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """What of a suite is trained, and what is held out.

    Attributes:
        tasks: In whose scenes demonstrations are recorded.
        held_out: Tasks that steering has to elicit.
        never: What is never done there, although it could be: types of objects that are not
            fetched, or instructions; see `sim.repertoire`.
    """

    tasks: tuple[int, ...]
    held_out: tuple[int, ...]
    never: tuple[str, ...] = ()


SPLITS = {
    # Held out: tomato sauce, butter and milk, and the scenes of their tasks.
    'libero_object': Split((0, 1, 2, 3, 4, 8, 9), (5, 6, 7), ('tomato_sauce', 'butter', 'milk')),
    # Held out: the scenes in which the bowl is at the table's centre, on the ramekin, next to the
    # plate.
    'libero_spatial': Split(
        (0, 1, 3, 4, 6, 7, 9),
        (2, 5, 8),
        (
            'pick up the black bowl from table center and place it on the plate',
            'pick up the black bowl on the ramekin and place it on the plate',
            'pick up the black bowl next to the plate and place it on the plate',
        ),
    ),
    # Ten goals in one scene. Held out: three pairs of a thing and a place of which the thing has
    # been taken elsewhere and other things have been taken there. The other four tasks (drawers, a
    # knob, a push) need skills that no demonstration shows.
    'libero_goal': Split(
        (4, 6, 9),
        (1, 2, 8),
        (
            'put the bowl on the stove',
            'put the bowl on the plate',
            'put the wine bottle on top of the cabinet',
        ),
    ),
}
NEVER = tuple(name for split in SPLITS.values() for name in split.never)
