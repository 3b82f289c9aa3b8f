# SPDX-License-Identifier: Apache-2.0
"""Groceries, and the basket they go into."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.sim.standin.parts import ALONG_Y, UPRIGHT, geoms, object_xml, region


@dataclass(frozen=True)
class Primitive:
    """One grocery: a MuJoCo primitive in its own frame.

    Attributes:
        shape: 'box' or 'cylinder'.
        size: MuJoCo size: half extents of a box, radius and half length of a cylinder, m.
        colour: RGB in [0, 1].
        lies_along_y: The cylinder's axis is the object frame's y, as in the originals.
    """

    shape: str
    size: tuple[float, ...]
    colour: tuple[float, float, float]
    lies_along_y: bool = False


GROCERIES = {
    'alphabet_soup': Primitive('cylinder', (0.031, 0.038), (0.85, 0.2, 0.1), True),
    'tomato_sauce': Primitive('cylinder', (0.031, 0.038), (0.7, 0.05, 0.05), True),
    'salad_dressing': Primitive('box', (0.025, 0.07, 0.018), (0.3, 0.6, 0.2)),
    'milk': Primitive('box', (0.026, 0.065, 0.026), (0.9, 0.9, 1.0)),
    'orange_juice': Primitive('box', (0.026, 0.065, 0.026), (1.0, 0.6, 0.1)),
    'cream_cheese': Primitive('box', (0.04, 0.021, 0.009), (0.6, 0.7, 0.9)),
    'butter': Primitive('box', (0.04, 0.021, 0.009), (0.95, 0.85, 0.2)),
    'chocolate_pudding': Primitive('box', (0.04, 0.021, 0.0135), (0.35, 0.2, 0.1)),
    'bbq_sauce': Primitive('box', (0.022, 0.015, 0.053), (0.25, 0.08, 0.05)),
    'ketchup': Primitive('box', (0.022, 0.015, 0.053), (0.8, 0.05, 0.05)),
    'cookies': Primitive('box', (0.041, 0.031, 0.0094), (0.2, 0.35, 0.75)),
}
BASKET_COLOUR = (0.7, 0.5, 0.3)


def files() -> dict[str, str]:
    """Path in the pack -> XML."""
    made = {
        f'stable_hope_objects/{name}/{name}.xml': _grocery(name, primitive)
        for name, primitive in GROCERIES.items()
    }
    made['stable_scanned_objects/basket/basket.xml'] = _basket()
    return made


def _grocery(name: str, primitive: Primitive) -> str:
    quat = ALONG_Y if primitive.lies_along_y else UPRIGHT
    return object_xml(name, geoms(primitive.shape, primitive.size, primitive.colour, quat=quat))


def _basket() -> str:
    body = region('contain_region', (0, 0, 0.072), (0.061, 0.061, 0.07))
    body += geoms('box', (0.078, 0.078, 0.006), BASKET_COLOUR, (0, 0, 0.01))
    for x, y, half_x, half_y in (
        (0.075, 0, 0.004, 0.078),
        (-0.075, 0, 0.004, 0.078),
        (0, 0.075, 0.078, 0.004),
        (0, -0.075, 0.078, 0.004),
    ):
        body += geoms('box', (half_x, half_y, 0.07), BASKET_COLOUR, (x, y, 0.075))
    return object_xml('basket', body)
