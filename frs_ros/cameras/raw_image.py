# SPDX-License-Identifier: Apache-2.0
"""Pixels of a sensor_msgs/Image: which encodings become RGB, and how; all others are refused.

The fields are those of the message, whoever deserialised it: rclpy and rosbags name them alike.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from frs_ros.cameras.codec import LARGEST_SIDE
from frs_ros.errors import DataError
from frs_ros.text import shown

# Encoding -> bytes per pixel, and where red, green and blue are among them. Alpha is dropped, grey
# is repeated.
_CHANNELS = {
    'rgb8': (3, (0, 1, 2)),
    'bgr8': (3, (2, 1, 0)),
    'rgba8': (4, (0, 1, 2)),
    'bgra8': (4, (2, 1, 0)),
    'mono8': (1, (0, 0, 0)),
}
# Two pixels in four bytes, as USB cameras send them; names of sensor_msgs/image_encodings.hpp.
_PACKED = {
    'yuyv': cv2.COLOR_YUV2RGB_YUYV,
    'yuv422_yuy2': cv2.COLOR_YUV2RGB_YUYV,
    'uyvy': cv2.COLOR_YUV2RGB_UYVY,
    'yuv422': cv2.COLOR_YUV2RGB_UYVY,
}
ACCEPTED = (*_CHANNELS, *_PACKED)


def raw_to_rgb(message: Any) -> np.ndarray:
    """Pixels [h, w, 3] uint8 RGB of an Image, a copy.

    Not guessed: what the numbers of '8UC3' are, and what range the 16 bits of 'mono16' have.

    Raises:
        DataError: The encoding is none of `ACCEPTED` (it is named), or the sizes disagree.
    """
    encoding = message.encoding
    if encoding not in ACCEPTED:
        raise DataError(f'Image.encoding is {shown(encoding)}; accepted are {", ".join(ACCEPTED)}')
    height, width, step = int(message.height), int(message.width), int(message.step)
    data = np.asarray(message.data, dtype=np.uint8)
    depth, order = _CHANNELS.get(encoding, (2, ()))
    row = width * depth
    if not row or not height or step < row or data.size < height * step:
        raise DataError(
            f'Image says {height} x {width} {encoding} with step {step}, '
            f'but holds {data.size} bytes'
        )
    if max(height, width) > LARGEST_SIDE or (encoding in _PACKED and width % 2):
        raise DataError(f'Image says {height} x {width} {encoding}, which is not read')
    rows = data[: height * step].reshape(height, step)[:, :row]
    pixels = rows.reshape(height, width, depth)
    if encoding in _PACKED:
        return cv2.cvtColor(np.ascontiguousarray(pixels), _PACKED[encoding])
    return np.ascontiguousarray(pixels[..., list(order)])
