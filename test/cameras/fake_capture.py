# SPDX-License-Identifier: Apache-2.0
"""Stands in for cv2.VideoCapture: a UVC camera."""

from __future__ import annotations

import time

import cv2
import numpy as np

RGB = (250, 120, 10)  # of its images; OpenCV gives them as BGR


class FakeCapture:
    """See cv2.VideoCapture.

    Attributes:
        set_log: What was set, in order.
        alive: Whether it gives images.
        broken: Whether an image cannot be decoded.
        released: Whether it was given back.
    """

    def __init__(self, *, opens: bool = True, modes: dict | None = None) -> None:
        self.opens, self.modes = opens, modes or {}
        self.set_log: list[tuple[int, float]] = []
        self.alive, self.broken, self.released = True, False, False

    def isOpened(self) -> bool:
        return self.opens

    def set(self, name: int, value: float) -> bool:
        self.set_log.append((name, value))
        return True

    def get(self, name: int) -> float:
        return self.modes.get(name, dict(self.set_log).get(name, 0.0))

    def grab(self) -> bool:
        time.sleep(0.005)
        return self.alive

    def retrieve(self):
        if self.broken:
            return False, None
        height = int(self.get(cv2.CAP_PROP_FRAME_HEIGHT))
        width = int(self.get(cv2.CAP_PROP_FRAME_WIDTH))
        return True, np.full((height, width, 3), RGB[::-1], np.uint8)

    def release(self) -> None:
        self.released = True
