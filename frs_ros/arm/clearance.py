# SPDX-License-Identifier: Apache-2.0
"""What the arm's links and its gripper must keep clear of, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from frs_ros.errors import ConfigError

MOST = 16  # boxes, and parts of the tool; each costs time in every control step
FARTHEST = 10.0  # m


@dataclass(frozen=True)
class Block:
    """A box along the axes of its frame.

    Attributes:
        low: [3] m, its corner with the smallest coordinates.
        high: [3] m, the opposite corner.
    """

    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Clearance:
    """Distances that are kept; the defaults are those of an arm that stands on its table.

    Attributes:
        floor: Height of the table in the base frame, m: nothing of the arm goes below.
        links: Distance of links, gripper body and `parts` to the floor and to the boxes, m.
        fingers: The same for the fingers, at whatever opening, m. They are there to touch things,
            so 0; below 0 they may press into something soft.
        between: Distance between links of the arm that can meet, m.
        boxes: Name -> what nothing of the arm may enter, base frame.
        parts: Name -> what is mounted on the gripper, such as a camera, in the frame of the
            Franka Hand: origin at the flange, z towards the fingertips, y along their motion.

    Raises:
        ConfigError: From the constructor; names the setting.
    """

    floor: float = 0.0
    links: float = 0.01
    fingers: float = 0.0
    between: float = 0.01
    boxes: Mapping[str, Block] = field(default_factory=dict)
    parts: Mapping[str, Block] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, low in (('floor', -FARTHEST), ('links', 0), ('fingers', -0.1), ('between', 0)):
            value, high = getattr(self, name), FARTHEST if name == 'floor' else 0.2
            if not low <= value <= high:
                raise ConfigError(
                    f'clearance.{name} is {value:g} m; it must be within [{low:g}, {high:g}]'
                )
        for kind in ('boxes', 'parts'):
            blocks = getattr(self, kind)
            if len(blocks) > MOST:
                raise ConfigError(f'clearance.{kind} has {len(blocks)} entries, more than {MOST}')
            for name, block in blocks.items():
                _check_block(f'clearance.{kind}.{name}', block)


def _check_block(name: str, block: Block) -> None:
    low, high = np.asarray(block.low, dtype=float), np.asarray(block.high, dtype=float)
    if low.shape != (3,) or high.shape != (3,):
        raise ConfigError(f'{name} needs 3 low and 3 high numbers (m)')
    if not (np.abs([low, high]) <= FARTHEST).all():  # NaN is not
        raise ConfigError(
            f'{name} must be within {FARTHEST:g} m of its origin, not {low} .. {high}'
        )
    if not (low < high).all():
        raise ConfigError(f'{name}: each low must be below its high, not {low} .. {high}')
