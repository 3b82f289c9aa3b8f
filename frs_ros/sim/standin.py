# SPDX-License-Identifier: Apache-2.0
"""Our stand-in asset pack for `libero_object`: boxes and cylinders in flat colours.

LIBERO's own assets are downloaded from a hub at first use. Where that cannot be reached, this pack
takes their place: same object names, sizes measured on the collision geometry of the originals
(half extents below, m), poses of cameras and lights as LIBERO's floor scene sets them. Its
pictures do not look like LIBERO's, and results obtained with it must say so.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from frs_ros.sim.cache import cache_dir, write_atomically


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
}
BASKET_COLOUR = (0.7, 0.5, 0.3)
SUITES = ('libero_object',)

# Texture files the arena styles ask for (libero/envs/arenas/style.py), with a flat grey each.
TEXTURES = {
    'flat': 160,
    'light-gray-floor-tile': 150,
    'light-gray-plaster': 190,
    **dict.fromkeys(
        (
            'brown_ceramic_tile',
            'ceramic',
            'dark_blue_wall',
            'dark_floor_texture',
            'dark_gray_plaster',
            'dark_green_plaster_wall',
            'gray_ceramic_tile',
            'gray_plaster',
            'light_blue_wall',
            'rustic_floor',
            'seamless_wood_planks_floor',
            'tile_grigia_caldera_porcelain_floor',
            'white_marble_floor',
            'white_wall',
            'yellow_linen_wall_texture',
        ),
        170,
    ),
}

_SITES = (
    '<site name="bottom_site" pos="0 0 -0.06" size="0.005" rgba="0 0 0 0"/>'
    '<site name="top_site" pos="0 0 0.04" size="0.005" rgba="0 0 0 0"/>'
    '<site name="horizontal_radius_site" pos="0.025 0.025 0" size="0.005" rgba="0 0 0 0"/>'
)
_CONTACT = 'solimp="0.998 0.998 0.001" solref="0.001 1" density="100" friction="0.95 0.3 0.1"'
_ALONG_Y = '0.7071 0.7071 0 0'
_UPRIGHT = '1 0 0 0'


def _numbers(values: tuple[float, ...]) -> str:
    return ' '.join(f'{v:g}' for v in values)


def _geoms(
    shape: str,
    size: tuple[float, ...],
    colour: tuple[float, ...],
    pos: tuple[float, ...] = (0, 0, 0),
    quat: str = _UPRIGHT,
) -> str:
    """A collision geom (group 0) and the same as a visual one (group 1)."""
    body = f'{_CONTACT} type="{shape}" size="{_numbers(size)}" pos="{_numbers(pos)}" quat="{quat}"'
    return (
        f'<geom {body} group="0" rgba="0.8 0.8 0.8 0.3"/>'
        f'<geom {body} group="1" rgba="{_numbers(colour)} 1" contype="0" conaffinity="0"/>'
    )


def _object_xml(name: str, geoms: str, extra: str = '') -> str:
    return (
        f'<mujoco model="{name}"><asset/><worldbody><body><body name="object">{extra}{geoms}'
        f'</body>{_SITES}</body></worldbody></mujoco>'
    )


def _grocery_xml(name: str, primitive: Primitive) -> str:
    quat = _ALONG_Y if primitive.lies_along_y else _UPRIGHT
    return _object_xml(name, _geoms(primitive.shape, primitive.size, primitive.colour, quat=quat))


def _basket_xml() -> str:
    geoms = _geoms('box', (0.078, 0.078, 0.006), BASKET_COLOUR, (0, 0, 0.01))
    for x, y, half_x, half_y in (
        (0.075, 0, 0.004, 0.078),
        (-0.075, 0, 0.004, 0.078),
        (0, 0.075, 0.078, 0.004),
        (0, -0.075, 0.078, 0.004),
    ):
        geoms += _geoms('box', (half_x, half_y, 0.07), BASKET_COLOUR, (x, y, 0.075))
    region = (
        '<site name="contain_region" type="box" quat="1 0 0 0" pos="0 0 0.072" '
        'size="0.061 0.061 0.07" group="0" rgba="0 0 0 0"/>'
    )
    return _object_xml('basket', geoms, region)


_SCENE = """<mujoco model="floor_arena"><asset>
<texture builtin="gradient" height="256" width="256"
 rgb1=".9 .9 1." rgb2=".2 .3 .4" type="skybox"/>
<texture file="../textures/flat.png" type="2d" name="texplane"/>
<material name="floorplane" texrepeat="6 6" texture="texplane" texuniform="true"/>
<texture file="../textures/flat.png" type="cube" name="tex-table"/>
<material name="table_texture" texture="tex-table"/>
<texture file="../textures/flat.png" type="cube" name="tex-table-legs"/>
<material name="table_legs" texture="tex-table-legs"/>
<texture file="../textures/flat.png" type="2d" name="tex-wall"/>
<material name="walls_mat" texture="tex-wall"/></asset>
<worldbody><body name="floor" pos="0 0 0">
<geom name="floor" type="plane" size="3 3 .125" condim="3" group="1" material="floorplane"/></body>
<light name="light1" diffuse=".8 .8 .8" dir="0 -.15 -1" pos="1 1 4" castshadow="false"/>
<light name="light2" diffuse=".8 .8 .8" dir="0 -.15 -1" pos="-3 -3 4" castshadow="false"/>
<camera mode="fixed" name="frontview" pos="1 0 1.45" quat="0.56 0.43 0.43 0.56"/>
<camera mode="fixed" name="birdview" pos="-0.2 0 3" quat="0.7071 0 0 0.7071"/>
<camera mode="fixed" name="agentview" pos="0.5 0 1.35" quat="0.653 0.271 0.271 0.653"/>
<camera mode="fixed" name="sideview" pos="0 1.27 1.48" quat="0.0099 0.00688 0.5912 0.8064"/>
</worldbody></mujoco>"""


def _grey_png(level: int) -> bytes:
    """A 4 x 4 pixel grey PNG; MuJoCo needs files, and flat ones are enough."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack('>I', zlib.crc32(kind + data))
        return struct.pack('>I', len(data)) + kind + data + crc

    rows = b''.join(b'\0' + bytes([level] * 12) for _ in range(4))
    header = struct.pack('>IIBBBBB', 4, 4, 8, 2, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(rows))
        + chunk(b'IEND', b'')
    )


def pack_files() -> dict[str, bytes]:
    """The pack: relative path -> content."""
    files = {
        f'stable_hope_objects/{name}/{name}.xml': _grocery_xml(name, p).encode()
        for name, p in GROCERIES.items()
    }
    files['stable_scanned_objects/basket/basket.xml'] = _basket_xml().encode()
    files['scenes/libero_floor_base_style.xml'] = _SCENE.encode()
    for name, level in TEXTURES.items():
        files[f'textures/{name}.png'] = _grey_png(level)
    return files


def build_pack() -> Path:
    """Writes the pack into the user's cache, once per version of it, and returns its folder."""
    files = pack_files()
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    folder = cache_dir('standin_assets', digest)
    for path, data in files.items():
        write_atomically(folder / path, data)
    return folder
