# SPDX-License-Identifier: Apache-2.0
"""USB cameras (UVC) through Video4Linux and OpenCV."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from frs_ros.cameras.base import Calibration, Frame
from frs_ros.cameras.driver import CameraError
from frs_ros.errors import ConfigError

BY_ID = Path('/dev/v4l/by-id')


def open_v4l(device: str) -> Any:
    """cv2.VideoCapture of a device path or index."""
    return cv2.VideoCapture(int(device) if device.isdigit() else device, cv2.CAP_V4L2)


class UvcCamera:
    """Driver of one camera.

    Args:
        device: Path such as /dev/v4l/by-id/..., which stays the same, or an index.
        height: px.
        width: px.
        fps: Hz.
        latency: Time from exposure to arrival, s.
        capture: Makes a cv2.VideoCapture; replaced in tests.
    """

    can_reset = False

    def __init__(
        self,
        device: str,
        height: int,
        width: int,
        fps: float,
        *,
        latency: float = 0.0,
        capture: Callable[[str], Any] = open_v4l,
    ) -> None:
        self.name = f'camera {device}'
        self._device = device
        self._wanted = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: fps,
        }
        self._latency_ns = round(1e9 * latency)
        self._capture = capture

    def check(self) -> None:
        """See `CameraDriver.check`."""
        if not self._device.isdigit() and not self._device.startswith('/dev/'):
            raise ConfigError(
                f"parameter device is '{self._device}'; it must be a path below {BY_ID}, or an "
                f'index ({_found()})'
            )

    def open(self) -> UvcSession:
        """See `CameraDriver.open`."""
        capture = self._capture(self._device)
        if not capture.isOpened():
            raise CameraError(
                f'cannot be opened ({_found()}); is it plugged in, used by another program, or '
                "are you not in the group 'video'?"
            )
        # compressed, or USB 2 does not carry the rate; before the size, which depends on it
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*'MJPG'))
        for name, value in self._wanted.items():
            capture.set(name, value)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        session = UvcSession(capture, self._latency_ns)
        session.warning = self._other_than_wanted(capture)
        return session

    def reset(self) -> None:
        """There is no such command."""

    def _other_than_wanted(self, capture: Any) -> str:
        """A line if the camera has settled for something else."""
        got = {name: capture.get(name) for name in self._wanted}
        if all(abs(got[name] - value) < 0.5 for name, value in self._wanted.items()):
            return ''
        spelled = ('{:.0f} x {:.0f} at {:.0f} Hz'.format(*d.values()) for d in (got, self._wanted))
        return '{} instead of {}; the camera has no such mode'.format(*spelled)


class UvcSession:
    """See `frs_ros.cameras.driver.Session`."""

    calibration: Calibration | None = None

    def __init__(
        self, capture: Any, latency_ns: int, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.warning = ''
        self._capture = capture
        self._latency_ns = latency_ns
        self._wall_ns = wall_ns
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        """See `Session.read`. OpenCV has a timeout of its own, of some seconds."""
        if not self._capture.grab():
            raise CameraError('gives no images')
        stamp_ns = self._wall_ns() - self._latency_ns
        good, bgr = self._capture.retrieve()
        if not good:
            return None  # a broken JPEG: the next one may be better
        self._number += 1
        return Frame(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), stamp_ns, self._number)

    def close(self) -> None:
        """See `Session.close`."""
        self._capture.release()


def _found() -> str:
    paths = sorted(str(p) for p in BY_ID.glob('*-video-index0'))
    return f'found: {", ".join(paths)}' if paths else f'nothing is in {BY_ID}'
