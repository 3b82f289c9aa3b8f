# SPDX-License-Identifier: Apache-2.0
"""Which geoms a camera cannot see, so that their triangles need not be drawn.

MuJoCo hands all triangles to OpenGL. In software they are what an image costs: the Panda alone
has 135,000, most of them behind the wrist camera.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def in_view(model: Any, data: Any, camera: int, aspect: float) -> np.ndarray:
    """Geoms that may show in an image; the others certainly do not.

    A geom is out of view if its bounding box lies on the outer side of one plane of the camera's
    pyramid of sight.

    Args:
        model: `mujoco.MjModel`.
        data: `mujoco.MjData`, positions up to date.
        camera: Id of the camera.
        aspect: Width of the image by its height.

    Returns:
        [ngeom] bool.
    """
    axes = data.cam_xmat[camera].reshape(3, 3)  # right, up, backwards
    centre, half = model.geom_aabb[:, None, :3], model.geom_aabb[:, None, 3:]
    corners = centre + half * _CORNERS
    world = np.einsum('gij,gkj->gki', data.geom_xmat.reshape(-1, 3, 3), corners)
    right, up, back = np.moveaxis(
        (world + data.geom_xpos[:, None] - data.cam_xpos[camera]) @ axes, -1, 0
    )
    slope = np.tan(np.deg2rad(model.cam_fovy[camera]) / 2)
    reach_up, reach_right = -back * slope, -back * slope * aspect
    outside = (right > reach_right, -right > reach_right, up > reach_up, -up > reach_up, back > 0)
    hidden = np.any([side.all(axis=1) for side in outside], axis=0)
    unbounded = model.geom_rbound == 0  # planes
    return np.asarray(unbounded | ~hidden)
