# SPDX-License-Identifier: Apache-2.0
"""Fixtures: cabinet with three drawers, stove with a knob, wine rack."""

from __future__ import annotations

import numpy as np

from frs_ros.sim.standin.parts import about_x, geoms, object_xml, region

WOOD, DARK_WOOD, METAL = (0.45, 0.28, 0.14), (0.33, 0.2, 0.1), (0.62, 0.62, 0.65)
KNOB, PLATE, RACK = (0.1, 0.1, 0.1), (0.25, 0.25, 0.27), (0.5, 0.33, 0.2)

# Drawer -> height of its region's centre and of its front's and handle's centre.
DRAWERS = {
    'top': (0.1856, 0.1836),
    'middle': (0.1169, 0.1139),
    'bottom': (0.0470, 0.0452),
}
_CENTRE_X = 0.0035  # the original is not quite centred


def files() -> dict[str, str]:
    """Path in the pack -> XML."""
    return {
        'articulated_objects/wooden_cabinet.xml': object_xml('wooden_cabinet', _cabinet(), 0.05),
        'articulated_objects/flat_stove.xml': object_xml('flat_stove', _stove(), 0.05),
        'turbosquid_objects/wine_rack/wine_rack.xml': object_xml('wine_rack', _rack()),
    }


def _cabinet() -> str:
    """A case of 24 x 20 x 22 cm, open at the front (-y), with three drawers on slides."""
    case = region('top_side', (_CENTRE_X, 0.0157, 0.2215), (0.1253, 0.0944, 0.0015))
    case += geoms('box', (0.1191, 0.0023, 0.1058), WOOD, (_CENTRE_X, 0.1094, 0.1143))
    case += geoms('box', (0.1229, 0.0897, 0.0021), WOOD, (_CENTRE_X, 0.0164, 0.0069))
    case += geoms('box', (0.1273, 0.0941, 0.0014), WOOD, (_CENTRE_X, 0.0158, 0.2216))
    for x in (-0.1122, 0.1190):
        case += geoms('box', (0.0052, 0.0954, 0.1058), WOOD, (x, 0.0162, 0.1143))
    for z in (0.0793, 0.1494):
        case += geoms('box', (0.1117, 0.0895, 0.0009), WOOD, (_CENTRE_X, 0.0187, z))
    return f'<body name="base">{case}{"".join(map(_drawer, DRAWERS))}</body>'


def _drawer(name: str) -> str:
    inside, z = DRAWERS[name]
    body = '<inertial pos="0 0 0" mass="3" diaginertia="1 1 1"/>'
    body += (
        f'<joint name="{name}_level" type="slide" pos="0 0 0" axis="0 1 0" limited="true" '
        'range="-0.16 0.01" damping="50"/>'
    )
    body += region(f'{name}_region', (_CENTRE_X, 0.0113, inside), (0.1022, 0.0756, 0.0299))
    body += geoms('box', (0.1093, 0.0065, 0.0332), DARK_WOOD, (_CENTRE_X, -0.0714, z))
    body += geoms('box', (0.1068, 0.0036, 0.0321), DARK_WOOD, (_CENTRE_X, 0.0908, z))
    for x in (-0.1019, 0.1089):
        body += geoms('box', (0.0026, 0.0815, 0.0315), DARK_WOOD, (x, 0.0111, z))
    body += geoms('box', (0.1070, 0.0810, 0.0040), DARK_WOOD, (_CENTRE_X, 0.0105, z - 0.0284))
    body += geoms('box', (0.0445, 0.0077, 0.0082), METAL, (-0.0028, -0.1016, z))
    for x in (-0.0356, 0.0292):
        body += geoms('box', (0.0051, 0.0106, 0.0056), METAL, (x, -0.0835, z))
    return f'<body name="cabinet_{name}">{body}</body>'


def _stove() -> str:
    """A burner of 19 x 19 cm, and beside it a knob that turns about z by 120 degrees."""
    burner = region('cook_region', (0, 0, 0), (0.075, 0.075, 0.0025))
    burner += geoms('box', (0.095, 0.095, 0.02), METAL)
    burner += geoms('box', (0.095, 0.095, 0.0005), METAL, (0, 0, 0.025))
    burner += (
        f'<body name="burner_plate"><geom type="cylinder" size="0.07 0.001" pos="0 0 0.0256" '
        f'rgba="{PLATE[0]} {PLATE[1]} {PLATE[2]} 1" group="1" contype="0" conaffinity="0"/></body>'
    )
    burner += (
        '<site name="burner" pos="0 0 0.022" size="0.0625 0.0005" rgba="0.9 0.05 0.05 1" '
        'type="cylinder"/>'
    )
    knob = '<inertial pos="0 0 0" mass="3" diaginertia="1 1 1"/>'
    knob += (
        '<joint name="button" type="hinge" pos="0 0 0" axis="0 0 1" limited="true" '
        'range="-0.005 2.1" damping="1"/>'
    )
    knob += geoms('cylinder', (0.047, 0.0062), KNOB, (0.0013, 0.0046, 0.0066))
    knob += geoms('box', (0.0122, 0.0345, 0.0243), KNOB, (0.0014, 0.0174, 0.0257))
    knob += geoms('box', (0.0122, 0.0115, 0.0180), KNOB, (0.0012, -0.0281, 0.0240))
    return (
        f'<body name="base"><body name="burner" pos="0.15 0 0">{burner}</body>'
        f'<body name="button" quat="0.7071068 0 0 0.7071068">{knob}</body></body>'
    )


def _rack() -> str:
    """A stand with a leaning shelf of two boards; the bottle lies between their lips."""
    lean, site = 0.55, -1.0909  # rad about x, of the boards and of the region
    body = region('top_region', (0, -0.0800, 0.2174), (0.1009, 0.022, 0.0025), about_x(site))
    body += geoms('box', (0.0930, 0.0665, 0.0045), RACK, (0, 0, 0.0066), _QUARTER)
    body += geoms('box', (0.0900, 0.0600, 0.0045), RACK, (0, 0.0694, 0.0101), about_x(-0.130))
    body += geoms('box', (0.0900, 0.0600, 0.0045), RACK, (0, -0.0643, 0.0126), about_x(0.140))
    body += geoms('box', (0.0905, 0.0141, 0.0045), RACK, (0, 0, 0.0205))
    body += geoms('box', (0.0076, 0.0091, 0.1616), RACK, (0, 0.0089, 0.1703), about_x(-0.2767))
    for y, z in ((-0.0061, 0.2512), (-0.0427, 0.1273)):
        body += geoms('box', (0.1344, 0.0789, 0.0045), RACK, (0, y, z), about_x(lean))
    for y, z in ((-0.0748, 0.2207), (-0.1091, 0.0974)):
        body += geoms('box', (0.1322, 0.0087, 0.0011), RACK, (0, y, z), about_x(lean - np.pi / 2))
    return body


_QUARTER = (0.70711, 0.0, 0.0, 0.70711)  # about z
