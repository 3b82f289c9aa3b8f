# SPDX-License-Identifier: Apache-2.0
"""A camera that draws a moving test image, with the frame's number in it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from frs_ros.cameras.base import Calibration, Frame
from frs_ros.cameras.pacing import Pace

COLUMNS, ROWS = 8, 4  # the number is drawn as 32 black and white fields in the top left quarter
SMALLEST = 32  # px; below that the fields would not survive JPEG


class TestImage:
    """Images that follow from size and number alone.

    Args:
        height: px.
        width: px.
    """

    __test__ = False  # pytest: not a test

    def __init__(self, height: int, width: int) -> None:
        down, right = np.linspace(40, 200, height), np.linspace(40, 200, width)
        self._background = np.empty((height, width, 3), np.uint8)
        self._background[..., 0] = right
        self._background[..., 1] = down[:, None]
        self._background[..., 2] = 120
        self._field = height // (2 * ROWS), width // (2 * COLUMNS)
        self._square = max(height, width) // 8

    def draw(self, number: int) -> np.ndarray:
        """[height, width, 3] uint8 RGB: gradients, a white square on its way, the number."""
        image: np.ndarray = self._background.copy()
        height, width, _ = image.shape
        x = 4 * number % max(width - self._square, 1)
        y = 2 * number % max(height // 2 - self._square, 1) + height // 2
        image[y : y + self._square, x : x + self._square] = 255
        bits = (number >> np.arange(ROWS * COLUMNS) & 1).astype(np.uint8).reshape(ROWS, COLUMNS)
        high, wide = self._field
        fields = (255 * bits).repeat(high, 0).repeat(wide, 1)
        image[: ROWS * high, : COLUMNS * wide] = fields[..., None]
        return image


def read_number(image: np.ndarray) -> int:
    """The number in a test image [h, w, 3], also after JPEG; modulo 2^32."""
    height, width, _ = image.shape
    high, wide = height // (2 * ROWS), width // (2 * COLUMNS)
    centres = image[high // 2 : ROWS * high : high, wide // 2 : COLUMNS * wide : wide, 1]
    bits = (centres > 127).reshape(-1).astype(np.int64)
    return int((bits << np.arange(ROWS * COLUMNS)).sum())


class SyntheticCamera:
    """Driver of the test image, at a steady rate.

    Args:
        height: px.
        width: px.
        fps: Hz.
        wall_ns: Clock of the stamps, ns.
    """

    name = 'synthetic camera'
    can_reset = False

    def __init__(
        self, height: int, width: int, fps: float, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._size = max(height, SMALLEST), max(width, SMALLEST)
        self._fps = fps
        self._wall_ns = wall_ns

    def check(self) -> None:
        """Nothing is needed."""

    def open(self) -> SyntheticSession:
        """Begins at frame 0."""
        return SyntheticSession(TestImage(*self._size), Pace(self._fps), self._wall_ns)

    def reset(self) -> None:
        """There is no hardware."""


class SyntheticSession:
    """See `frs_ros.cameras.driver.Session`. A frame that comes late leaves numbers out."""

    calibration: Calibration | None = None
    warning = ''

    def __init__(self, image: TestImage, pace: Pace, wall_ns: Callable[[], int]) -> None:
        self._image = image
        self._pace = pace
        self._wall_ns = wall_ns

    def read(self, timeout: float) -> Frame | None:
        """See `Session.read`."""
        number = self._pace.next(timeout)
        if number is None:
            return None
        stamp_ns = self._wall_ns()
        return Frame(self._image.draw(number), stamp_ns, number)

    def close(self) -> None:
        """Nothing to give back."""
