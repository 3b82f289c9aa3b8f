# SPDX-License-Identifier: Apache-2.0
"""Intel RealSense cameras, one by its serial number."""

from __future__ import annotations

import importlib
from typing import Any

from frs_ros.cameras.driver import CameraError
from frs_ros.cameras.realsense_session import RealSenseSession
from frs_ros.errors import DependencyError


def realsense_library() -> Any:
    """The module pyrealsense2; DependencyError with what to install if it cannot be loaded."""
    try:
        return importlib.import_module('pyrealsense2')
    except ModuleNotFoundError as error:
        raise DependencyError(
            'RealSense cameras need the library pyrealsense2: pip install pyrealsense2'
        ) from error
    except ImportError as error:  # a shared library that it needs
        fix = 'sudo apt-get install libusb-1.0-0' if 'libusb' in str(error) else 'install it'
        raise DependencyError(f'pyrealsense2 cannot be loaded ({error}): {fix}') from error


class RealSense:
    """Driver of one camera.

    Args:
        serial: Serial number; '' for the first camera found.
        height: px.
        width: px.
        fps: Hz, one of those that the camera offers.
        depth: Also read depth and align it to the colour (costs time on the CPU).
        latency: Time from exposure to arrival, s, for frames without a usable stamp.
        library: Replaces pyrealsense2 in tests.
    """

    can_reset = True

    def __init__(
        self,
        serial: str,
        height: int,
        width: int,
        fps: float,
        *,
        depth: bool = False,
        latency: float = 0.0,
        library: Any = None,
    ) -> None:
        self.name = f'RealSense {serial}'.strip()
        self._serial = serial
        self._size = width, height
        self._fps = round(fps)
        self._depth = depth
        self._latency_ns = round(1e9 * latency)
        self._library = library

    def check(self) -> None:
        """See `CameraDriver.check`."""
        self._library = self._library or realsense_library()

    def open(self) -> RealSenseSession:
        """See `CameraDriver.open`."""
        rs = self._library
        found = self._found()
        if not found or (self._serial and self._serial not in found):
            raise CameraError(self._missing(found))
        # from now on this one: a reset must never hit another camera
        self._serial = self._serial or found[0]
        config = rs.config()
        config.enable_device(self._serial)
        config.enable_stream(rs.stream.color, *self._size, rs.format.rgb8, self._fps)
        if self._depth:
            config.enable_stream(rs.stream.depth, *self._size, rs.format.z16, self._fps)
        try:
            return RealSenseSession(
                rs, rs.pipeline(), config, depth=self._depth, latency_ns=self._latency_ns
            )
        except RuntimeError as error:
            raise CameraError(
                f'does not start ({error}); does another program use it, and does it have the '
                f'mode {self._size[0]} x {self._size[1]} at {self._fps} Hz?'
            ) from error

    def reset(self) -> None:
        """Resets the hardware of the camera with our serial number and of no other."""
        for device in self._library.context().query_devices():
            if self._serial and _serial(self._library, device) == self._serial:
                device.hardware_reset()
                return
        raise CameraError(self._missing(self._found()))

    def _found(self) -> list[str]:
        """Serial numbers of the cameras that are connected."""
        devices = self._library.context().query_devices()
        return [serial for serial in (_serial(self._library, d) for d in devices) if serial]

    def _missing(self, found: list[str]) -> str:
        others = f'found: {", ".join(found)}' if found else 'none is; look at cable and USB port'
        return f'not connected ({others})'


def _serial(rs: Any, device: Any) -> str:
    try:
        return str(device.get_info(rs.camera_info.serial_number))
    except RuntimeError:  # gone while we looked
        return ''
