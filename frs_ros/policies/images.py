# SPDX-License-Identifier: Apache-2.0
"""Camera images as the small generalist sees them."""

from __future__ import annotations

import cv2
import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.types import AGENTVIEW, WRIST, CameraSpec

CAMERAS = (CameraSpec(AGENTVIEW, 128, 128), CameraSpec(WRIST, 84, 84))
# (row, column) ranges that are looked at. Agentview: the table, without the robot's base and the
# horizon; symmetric in the columns, so that a mirrored camera sees the same region.
CROPS = {AGENTVIEW: ((28, 112), (8, 120)), WRIST: ((0, 84), (0, 84))}


def network_size(camera: str) -> tuple[int, int]:
    """(height, width) after the crop."""
    (top, bottom), (left, right) = CROPS[camera]
    return bottom - top, right - left


def crop(image: np.ndarray, camera: str) -> np.ndarray:
    """[.., h, w, 3] of the camera's size -> the region the network looks at, a view."""
    rows, columns = CROPS[camera]
    return image[..., slice(*rows), slice(*columns), :]


def crop_pixels(pixels: np.ndarray, camera: str) -> np.ndarray:
    """[.., 2] (u right, v down) in the camera's image -> in the cropped image."""
    (top, _), (left, _) = CROPS[camera]
    return pixels - np.array([left, top], dtype=pixels.dtype)


def prepare(image: np.ndarray, camera: CameraSpec) -> np.ndarray:
    """Resamples an image [h, w, 3] uint8 of any size to the camera's and crops it.

    Raises:
        ConfigError: If it is not an RGB image of bytes.
    """
    return crop(resampled(image, camera), camera.name)


def resampled(image: np.ndarray, camera: CameraSpec) -> np.ndarray:
    """An image [h, w, 3] uint8 of any size in the camera's size.

    Raises:
        ConfigError: If it is not an RGB image of bytes.
    """
    image = checked(image, camera.name)
    if image.shape[:2] != (camera.height, camera.width):
        size = (camera.width, camera.height)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image


def checked(image: np.ndarray, camera: str) -> np.ndarray:
    """The image [h, w, 3] uint8 of a camera; ConfigError if it is not an RGB image of bytes."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ConfigError(
            f"camera '{camera}': image must be [h, w, 3] uint8, "
            f'got {list(image.shape)} {image.dtype}'
        )
    return image
