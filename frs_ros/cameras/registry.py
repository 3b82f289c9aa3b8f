# SPDX-License-Identifier: Apache-2.0
"""The kinds of cameras by name, each imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frs_ros.cameras.base import CameraSource
from frs_ros.cameras.driver import CameraDriver
from frs_ros.cameras.supervised import SupervisedCamera
from frs_ros.errors import choose


@dataclass(frozen=True)
class CameraSettings:
    """What there is to say about a camera; each kind reads what concerns it.

    Attributes:
        serial: RealSense: serial number, '' for the first one found.
        device: UVC: path such as /dev/v4l/by-id/..., or an index.
        path: Playback: a folder of images, a video file, or a RealSense recording (.db3).
        width: px.
        height: px.
        fps: Hz.
        depth: RealSense: also depth, aligned to the colour.
        latency: Time from exposure to arrival, s; for cameras that do not stamp their frames.
    """

    serial: str = ''
    device: str = ''
    path: str = ''
    width: int = 640
    height: int = 480
    fps: float = 30.0
    depth: bool = False
    latency: float = 0.0


def _realsense(settings: CameraSettings) -> CameraDriver:
    from frs_ros.cameras.realsense import RealSense

    return RealSense(
        settings.serial,
        settings.height,
        settings.width,
        settings.fps,
        depth=settings.depth,
        latency=settings.latency,
    )


def _uvc(settings: CameraSettings) -> CameraDriver:
    from frs_ros.cameras.opencv import UvcCamera

    return UvcCamera(
        settings.device, settings.height, settings.width, settings.fps, latency=settings.latency
    )


def _playback(settings: CameraSettings) -> CameraDriver:
    if settings.path.endswith('.db3'):
        from frs_ros.cameras.recording import Recording

        return Recording(settings.path, settings.fps, depth=settings.depth)
    from frs_ros.cameras.playback import Images

    return Images(settings.path, settings.fps)


def _synthetic(settings: CameraSettings) -> CameraDriver:
    from frs_ros.cameras.synthetic import SyntheticCamera

    return SyntheticCamera(settings.height, settings.width, settings.fps)


KINDS: dict[str, Callable[[CameraSettings], CameraDriver]] = {
    'realsense': _realsense,
    'uvc': _uvc,
    'playback': _playback,
    'synthetic': _synthetic,
}


def make_camera(kind: str, settings: CameraSettings) -> CameraSource:
    """A camera that is not started yet.

    Args:
        kind: One of `KINDS`.
        settings: What to open, and how.

    Raises:
        ConfigError: No such kind.
    """
    driver = KINDS[choose('camera source', kind, KINDS)](settings)
    return SupervisedCamera(driver, period=1.0 / settings.fps)
