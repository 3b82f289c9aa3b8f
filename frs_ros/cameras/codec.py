# SPDX-License-Identifier: Apache-2.0
"""JPEG, the form in which camera images travel.

The codec is part of the observation: in process as over topics, a policy sees what a decoder makes
of the encoded image, so that both give the same actions.
"""

from __future__ import annotations

import cv2
import numpy as np

from frs_ros.errors import DataError

QUALITY = 95


def encode_jpeg(rgb: np.ndarray, quality: int = QUALITY) -> bytes:
    """Encodes an image [h, w, 3] uint8 RGB."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise DataError(f'an image must be [h, w, 3] uint8, not {rgb.shape} {rgb.dtype}')
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def decode_jpeg(data: bytes | np.ndarray) -> np.ndarray:
    """Decodes to [h, w, 3] uint8 RGB; DataError if the data are no image."""
    return _decode(data, 'JPEG')


def decode_picture(data: bytes | np.ndarray) -> np.ndarray:
    """The same of a JPEG or PNG file."""
    return _decode(data, 'JPEG or PNG')


def _decode(data: bytes | np.ndarray, kind: str) -> np.ndarray:
    buffer = np.frombuffer(data, np.uint8)
    bgr = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if buffer.size else None
    if bgr is None:
        raise DataError(f'{buffer.size} bytes received as an image are not a readable {kind}')
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
