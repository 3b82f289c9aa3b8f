# SPDX-License-Identifier: Apache-2.0
"""Turning an image and its calibration by 180 degrees."""

from __future__ import annotations

import numpy as np

from frs_ros.cameras.base import Calibration, CameraStatus, Frame
from frs_ros.cameras.calibration import approximate, turned
from frs_ros.cameras.turned import TurnedCamera

MATRIX = np.array([[600.0, 0, 331.0], [0, 610.0, 222.0], [0, 0, 1]])
DISTORTED = Calibration(480, 640, MATRIX, np.array([0.1, -0.02, 0.003, -0.004, 0.05]))


def project(calibration: Calibration, point: np.ndarray) -> np.ndarray:
    """Pixel of a point in front of the camera, by the plumb-bob formula."""
    x, y = point[:2] / point[2]
    k1, k2, p1, p2, k3 = calibration.distortion
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return (calibration.matrix @ [u, v, 1.0])[:2]


def test_turned_calibration_maps_to_the_turned_pixel():
    rng = np.random.default_rng(0)
    for _ in range(20):
        point = np.array([*rng.uniform(-0.4, 0.4, 2), 1.0])
        pixel = project(DISTORTED, point)
        same = project(turned(DISTORTED), point * [-1, -1, 1])  # as the turned camera sees it
        assert np.allclose(same, [639, 479] - pixel)


def test_turning_twice_changes_nothing():
    twice = turned(turned(DISTORTED))
    assert np.allclose(twice.matrix, DISTORTED.matrix)
    assert np.allclose(twice.distortion, DISTORTED.distortion)


def test_approximation_is_centred_and_ideal():
    guess = approximate(480, 640)
    assert np.allclose(project(guess, np.array([0.0, 0, 1])), [319.5, 239.5])
    left, right = (project(guess, np.array([s, 0, 2])) for s in (-1, 1))
    assert right[0] - left[0] == 640  # 53 degrees: half as wide at one side as it is away
    assert np.allclose(turned(guess).matrix, guess.matrix)


class Still:
    """A source of one image."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def take(self, timeout: float = 0.0) -> Frame | None:
        frame, self.frame = self.frame, None
        return frame

    def calibration(self) -> Calibration:
        return DISTORTED

    def status(self) -> CameraStatus:
        return CameraStatus(1, 2, 3, 4, 0.5, 'line', True)


def test_turned_camera_turns_image_and_depth():
    rgb = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    depth = np.arange(6, dtype=np.uint16).reshape(2, 3)
    camera = TurnedCamera(Still(Frame(rgb, 5, 6, depth, b'jpeg')))
    frame = camera.take()
    assert np.array_equal(frame.rgb, np.rot90(rgb, 2))
    assert np.array_equal(frame.depth, np.rot90(depth, 2))
    assert (frame.stamp_ns, frame.number, frame.jpeg) == (5, 6, None)
    assert frame.rgb.flags.c_contiguous
    assert camera.take() is None
    assert camera.status().line == 'line'
    assert np.allclose(camera.calibration().matrix, turned(DISTORTED).matrix)
