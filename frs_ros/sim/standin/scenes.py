# SPDX-License-Identifier: Apache-2.0
"""The rooms: LIBERO's floor and table top with its cameras and lights, walls left out."""

from __future__ import annotations

_FLOOR_BODY = (
    '<body name="floor" pos="0 0 0">\n<geom name="floor" type="plane" size="3 3 .125" '
    'condim="3" group="1" material="floorplane"/></body>'
)

# LIBERO sets size and place of the table itself, and looks for these names.
_TABLE_BODIES = """
<geom name="floor" type="plane" size="3 3 .125" condim="3" group="1" material="floorplane"/>
<body name="table" pos="0 0 0.4">
<geom name="table_collision" type="box" size="0.4 0.4 0.4" group="0" friction="1 0.005 0.0001"/>
<geom name="table_visual" type="box" size="0.4 0.4 0.4" conaffinity="0" contype="0" group="1"
 material="table_texture"/>
<site name="table_top" pos="0 0 0.4" size="0.001 0.001 0.001" rgba="0 0 0 0"/>
LEGS</body>"""

_ROOM = """<mujoco model="NAME"><asset>
<texture builtin="gradient" height="256" width="256"
 rgb1=".9 .9 1." rgb2=".2 .3 .4" type="skybox"/>
<texture file="../textures/flat.png" type="2d" name="texplane"/>
<material name="floorplane" texrepeat="TILES TILES" texture="texplane" texuniform="true"/>
<texture file="../textures/flat.png" type="cube" name="tex-table"/>
<material name="table_texture" texture="tex-table"/>
<texture file="../textures/flat.png" type="cube" name="tex-table-legs"/>
<material name="table_legs" texture="tex-table-legs"/>
<texture file="../textures/flat.png" type="2d" name="tex-wall"/>
<material name="walls_mat" texture="tex-wall"/></asset>
<worldbody>BODIES
<light name="light1" diffuse=".8 .8 .8" dir="0 -.15 -1" pos="1 1 4" castshadow="false"/>
<light name="light2" diffuse=".8 .8 .8" dir="0 -.15 -1" pos="-3 -3 4" castshadow="false"/>
<camera mode="fixed" name="frontview" pos="1 0 1.45" quat="0.56 0.43 0.43 0.56"/>
<camera mode="fixed" name="birdview" pos="-0.2 0 3" quat="0.7071 0 0 0.7071"/>
<camera mode="fixed" name="agentview" pos="0.5 0 1.35" quat="0.653 0.271 0.271 0.653"/>
<camera mode="fixed" name="sideview" pos="0 1.27 1.48" quat="0.0099 0.00688 0.5912 0.8064"/>
</worldbody></mujoco>"""
_LEG = (
    '<geom name="table_leg{}_visual" type="cylinder" size="0.05 0.1" conaffinity="0" contype="0" '
    'group="1" material="table_legs"/>\n'
)


def files() -> dict[str, str]:
    """Path in the pack -> XML."""
    legs = ''.join(_LEG.format(i) for i in range(1, 5))
    return {
        'scenes/libero_floor_base_style.xml': _room('floor_arena', 6, _FLOOR_BODY),
        'scenes/libero_tabletop_base_style.xml': _room(
            'table_arena', 3, _TABLE_BODIES.replace('LEGS', legs)
        ),
    }


def _room(name: str, tiles: int, bodies: str) -> str:
    room = _ROOM.replace('NAME', name).replace('TILES', str(tiles))
    return room.replace('BODIES', bodies)
