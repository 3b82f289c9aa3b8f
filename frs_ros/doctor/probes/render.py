# SPDX-License-Identifier: Apache-2.0
"""Draws one small image with MuJoCo, as the simulator does."""

from __future__ import annotations

import os
from typing import Any

_SCENE = (
    '<mujoco><worldbody><light pos="0 0 2"/>'
    '<geom type="box" size="0.2 0.2 0.2" rgba="1 0.2 0.1 1"/></worldbody></mujoco>'
)


def look() -> dict[str, Any]:
    """Version, OpenGL implementation, and whether the image shows anything."""
    from frs_ros.sim.backend import choose_backend

    choose_backend()
    import mujoco

    model = mujoco.MjModel.from_xml_string(_SCENE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 32, 32) as renderer:
        renderer.update_scene(data)
        image = renderer.render()
    drawn = int(image.max()) > int(image.min())
    return {'version': mujoco.__version__, 'gl': os.environ['MUJOCO_GL'], 'drawn': drawn}
