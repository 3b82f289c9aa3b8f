# SPDX-License-Identifier: Apache-2.0
"""Calibrations that do not come from the camera itself."""

from __future__ import annotations

import numpy as np

from frs_ros.cameras.base import Calibration


def approximate(height: int, width: int) -> Calibration:
    """A guess for a camera that does not tell: ideal, with a horizontal view of 53 degrees.

    The focal length equals the width, as for common webcams and the colour camera of a RealSense
    D435 within about 10 %.
    """
    matrix = np.array(
        [[width, 0.0, (width - 1) / 2], [0.0, width, (height - 1) / 2], [0.0, 0.0, 1.0]]
    )
    return Calibration(height, width, matrix, np.zeros(5))


def turned(calibration: Calibration) -> Calibration:
    """The calibration of an image that is turned by 180 degrees."""
    matrix = calibration.matrix.copy()
    matrix[0, 2] = calibration.width - 1 - matrix[0, 2]
    matrix[1, 2] = calibration.height - 1 - matrix[1, 2]
    k1, k2, p1, p2, k3 = calibration.distortion
    distortion = np.array([k1, k2, -p1, -p2, k3])  # radial terms are even, tangential ones odd
    return Calibration(calibration.height, calibration.width, matrix, distortion)
