# SPDX-License-Identifier: Apache-2.0
"""Where points of the world are in the image of a camera without distortion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAREST = 1e-3  # m; points behind the camera are taken as if they were this far in front of it


@dataclass(frozen=True)
class Pinhole:
    """An ideal camera.

    Attributes:
        matrix: [3, 3] intrinsic matrix K, pixels. A mirrored image has a negative focal length.
        position: [3] of the camera in the world, m.
        rotation: [3, 3] from optical axes (x right, y down, z forward) to world axes.
    """

    matrix: np.ndarray
    position: np.ndarray
    rotation: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixels [n, 2] (u right, v down) of world points [n, 3]; may lie outside of the image."""
        local = (np.asarray(points, dtype=np.float64) - self.position) @ self.rotation
        depth = np.maximum(local[:, 2], NEAREST)
        (fx, _, cx), (_, fy, cy), _ = self.matrix
        return np.stack([cx + fx * local[:, 0] / depth, cy + fy * local[:, 1] / depth], axis=1)
