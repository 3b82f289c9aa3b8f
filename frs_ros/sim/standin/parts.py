# SPDX-License-Identifier: Apache-2.0
"""Words of MuJoCo's model language that all objects of the pack are made of. Units: m."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UPRIGHT = (1.0, 0.0, 0.0, 0.0)
ALONG_Y = (0.7071, 0.7071, 0.0, 0.0)  # turns a cylinder's axis from z to y

_CONTACT = 'solimp="0.998 0.998 0.001" solref="0.001 1" density="100" friction="0.95 0.3 0.1"'

Vector = Sequence[float]


def numbers(values: Vector) -> str:
    """'1 2 3' as attributes want it."""
    return ' '.join(f'{v:g}' for v in values)


def geoms(
    shape: str, size: Vector, colour: Vector, pos: Vector = (0, 0, 0), quat: Vector = UPRIGHT
) -> str:
    """A collision geom (group 0) and the same as a visual one (group 1).

    Args:
        shape: 'box' or 'cylinder'.
        size: Half extents of a box; radius and half length of a cylinder.
        colour: RGB in [0, 1].
        pos: Centre.
        quat: Orientation, w first.
    """
    body = f'{_CONTACT} type="{shape}" size="{numbers(size)}" pos="{numbers(pos)}"'
    body += f' quat="{numbers(quat)}"'
    return (
        f'<geom {body} group="0" rgba="0.8 0.8 0.8 0.3"/>'
        f'<geom {body} group="1" rgba="{numbers(colour)} 1" contype="0" conaffinity="0"/>'
    )


def ring(
    count: int, radius: float, height: float, size: Vector, tilt: float, colour: Vector
) -> str:
    """A wall of `count` boxes round the z axis.

    Args:
        count: Number of boxes.
        radius: Of their centres.
        height: Of their centres.
        size: Half thickness, half width along the ring, half height of each.
        tilt: Lean of the wall outward, rad.
        colour: RGB in [0, 1].
    """
    wall = ''
    for angle in np.arange(count) * 2 * np.pi / count:
        pos = (radius * np.cos(angle), radius * np.sin(angle), height)
        wall += geoms('box', size, colour, np.round(pos, 5), np.round(_turn(angle, tilt), 5))
    return wall


def region(name: str, pos: Vector, size: Vector, quat: Vector = UPRIGHT) -> str:
    """A box-shaped site that LIBERO's predicates ask about."""
    return (
        f'<site name="{name}" type="box" quat="{numbers(quat)}" pos="{numbers(pos)}" '
        f'size="{numbers(size)}" group="0" rgba="0 0 0 0"/>'
    )


def object_xml(name: str, body: str, extent: float = 0.005) -> str:
    """A whole object file.

    Args:
        name: Of the model.
        body: What the object's body holds.
        extent: Size of the three sites by which robosuite measures an object.
    """
    low, high, aside = (-0.045, 0.045, 0.045) if extent > 0.005 else (-0.06, 0.04, 0.025)
    sites = ''.join(
        f'<site name="{site}_site" pos="{numbers(pos)}" size="{extent:g}" rgba="0 0 0 0"/>'
        for site, pos in (
            ('bottom', (0, 0, low)),
            ('top', (0, 0, high)),
            ('horizontal_radius', (aside, aside, 0)),
        )
    )
    return (
        f'<mujoco model="{name}"><asset/><worldbody><body><body name="object">{body}'
        f'</body>{sites}</body></worldbody></mujoco>'
    )


def about_x(angle: float) -> tuple[float, ...]:
    """Quaternion (w first) of a turn about x by `angle` rad."""
    return (round(float(np.cos(angle / 2)), 5), round(float(np.sin(angle / 2)), 5), 0.0, 0.0)


def _turn(yaw: float, tilt: float) -> np.ndarray:
    """Quaternion (w first) of Rz(yaw) Ry(tilt): local x radial, z up the leaning wall."""
    cy, sy, ct, st = np.cos(yaw / 2), np.sin(yaw / 2), np.cos(tilt / 2), np.sin(tilt / 2)
    return np.array([cy * ct, -sy * st, cy * st, sy * ct])
