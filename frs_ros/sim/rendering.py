# SPDX-License-Identifier: Apache-2.0
"""Cheap images of a LIBERO scene, in the orientation openpi's clients feed to policies.

LIBERO's own renderer is bound by geometry and anti-aliasing on a CPU. Here there is no
multisampling, no reflection and no shadow, and what is out of view is not drawn.
LIBERO's raw image is upside down and openpi rotates it by 180 degrees; MuJoCo's renderer gives it
upright, so here it is mirrored left to right.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from frs_ros.cameras.pinhole import Pinhole
from frs_ros.errors import DependencyError
from frs_ros.sim.culling import in_view
from frs_ros.types import AGENTVIEW, WRIST

MUJOCO_CAMERAS = {AGENTVIEW: 'agentview', WRIST: 'robot0_eye_in_hand'}
_VISUAL_GROUP = 1
_HIDDEN_GROUP = 5


class SceneCamera:
    """Renders one MuJoCo model at any number of image sizes.

    A renderer belongs to the thread that made it; use an instance from one thread only.
    """

    def __init__(self, model: Any, data: Any) -> None:
        """Wraps a `mujoco.MjModel` and its `MjData`; switches costly effects of the model off."""
        import mujoco

        self._model, self._data = model, data
        model.vis.quality.offsamples = 0
        model.vis.quality.shadowsize = 0
        model.mat_reflectance[:] = 0
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = 0
        self._option.geomgroup[_VISUAL_GROUP] = 1
        self._renderers: dict[tuple[int, int], Any] = {}

    def render(self, camera: str, height: int, width: int) -> np.ndarray:
        """One image [height, width, 3] uint8 RGB of the current state."""
        import mujoco

        renderer = self._renderer(height, width)
        with self._only_in_view(camera, width / height):
            renderer.update_scene(self._data, MUJOCO_CAMERAS[camera], scene_option=self._option)
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        return np.ascontiguousarray(renderer.render()[:, ::-1])

    @contextlib.contextmanager
    def _only_in_view(self, camera: str, aspect: float) -> Iterator[None]:
        """Puts what cannot show into a group that is not drawn, for as long as the block lasts."""
        groups = self._model.geom_group.copy()
        seen = in_view(self._model, self._data, self._id(camera), aspect)
        self._model.geom_group[~seen] = _HIDDEN_GROUP
        try:
            yield
        finally:
            self._model.geom_group[:] = groups

    def _id(self, camera: str) -> int:
        return int(self._model.camera(MUJOCO_CAMERAS[camera]).id)

    def project(self, points: np.ndarray, camera: str, height: int, width: int) -> np.ndarray:
        """Pixel coordinates of world points in the image `render` gives.

        Args:
            points: [n, 3] m, world frame.
            camera: Camera name.
            height: Image height in pixels.
            width: Image width in pixels.

        Returns:
            [n, 2] (u to the right, v down), may lie outside of the image.
        """
        return self.pinhole(camera, height, width).project(points)

    def pinhole(self, camera: str, height: int, width: int) -> Pinhole:
        """The camera of an image, where it is now."""
        index = self._id(camera)
        # MuJoCo's cameras look along -z with y up
        rotation = self._data.cam_xmat[index].reshape(3, 3) * (1.0, -1.0, -1.0)
        position = self._data.cam_xpos[index].copy()
        return Pinhole(self.intrinsics(camera, height, width), position, rotation)

    def intrinsics(self, camera: str, height: int, width: int) -> np.ndarray:
        """Matrix K [3, 3] in pixels, optical axes (x right, y down, z forward).

        The images are mirrored left to right, which makes the first focal length negative.
        """
        fovy = float(self._model.cam_fovy[self._id(camera)])
        focal = 0.5 * height / np.tan(np.deg2rad(fovy) / 2)
        return np.array([[-focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])

    def close(self) -> None:
        """Frees the rendering contexts."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()

    def _renderer(self, height: int, width: int) -> Any:
        import mujoco

        if (height, width) not in self._renderers:
            try:
                self._renderers[height, width] = mujoco.Renderer(self._model, height, width)
            except Exception as error:  # the GL bindings raise many unrelated types
                raise DependencyError(
                    f'cannot render with MUJOCO_GL={os.environ.get("MUJOCO_GL")}: {error}; on '
                    'Debian or Ubuntu: apt-get install libosmesa6 libegl1 libgl1-mesa-dri libgl1'
                ) from error
        return self._renderers[height, width]
