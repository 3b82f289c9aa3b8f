# SPDX-License-Identifier: Apache-2.0
"""A camera that is mounted upside down."""

from __future__ import annotations

import dataclasses

import numpy as np

from frs_ros.cameras.base import Calibration, CameraSource, CameraStatus, Frame
from frs_ros.cameras.calibration import turned


class TurnedCamera:
    """Turns the images of another source by 180 degrees."""

    def __init__(self, source: CameraSource) -> None:
        self._source = source

    def start(self) -> None:
        """See `CameraSource.start`."""
        self._source.start()

    def take(self, timeout: float = 0.0) -> Frame | None:
        """See `CameraSource.take`."""
        frame = self._source.take(timeout)
        if frame is None:
            return None
        depth = None if frame.depth is None else _turn(frame.depth)
        return dataclasses.replace(frame, rgb=_turn(frame.rgb), depth=depth, jpeg=None)

    def calibration(self) -> Calibration | None:
        """See `CameraSource.calibration`."""
        calibration = self._source.calibration()
        return None if calibration is None else turned(calibration)

    def status(self) -> CameraStatus:
        """See `CameraSource.status`."""
        return self._source.status()

    def close(self) -> None:
        """See `CameraSource.close`."""
        self._source.close()


def _turn(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[::-1, ::-1])
