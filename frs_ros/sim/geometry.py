# SPDX-License-Identifier: Apache-2.0
"""Collision geometry of simulated bodies, and rotations as robosuite writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_COLLISION_GROUP = 0
_CYLINDER_CORNERS = np.array(
    [
        (np.cos(a), np.sin(a), z)
        for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)
        for z in (-1.0, 1.0)
    ]
)
BOX_CORNERS = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])


def geom_vertices(model: Any, data: Any, geoms: Sequence[int]) -> np.ndarray:
    """Vertices [n, 3] (m, world) that span the given geoms."""
    return np.concatenate([_geom_vertices(model, data, g) for g in geoms])


def collision_geoms(model: Any, body: int) -> list[int]:
    """Collision geoms of a body and its children."""
    geoms = []
    for geom in range(model.ngeom):
        touches = model.geom_contype[geom] or model.geom_conaffinity[geom]
        if model.geom_group[geom] == _COLLISION_GROUP and touches:
            ancestor = model.geom_bodyid[geom]
            while ancestor not in (0, body):
                ancestor = model.body_parentid[ancestor]
            if ancestor == body:
                geoms.append(geom)
    return geoms


def _geom_vertices(model: Any, data: Any, geom: int) -> np.ndarray:
    import mujoco

    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        local = model.mesh_vert[first : first + model.mesh_vertnum[mesh]]
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        local = _CYLINDER_CORNERS * (size[0], size[0], size[1])
    elif kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        local = _CYLINDER_CORNERS * (size[0], size[0], size[1] + size[0])
    elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        local = BOX_CORNERS * size[0]
    else:
        local = BOX_CORNERS * size
    return local @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]


def axis_angle(xyzw: np.ndarray) -> np.ndarray:
    """Quaternion -> axis-angle with robosuite's sign rule: angle in [0, 2 pi) by 2 acos(w)."""
    w = np.clip(xyzw[3], -1.0, 1.0)
    sine = np.sqrt(1.0 - w * w)
    return np.zeros(3) if sine <= 1e-8 else xyzw[:3] * 2.0 * np.arccos(w) / sine
