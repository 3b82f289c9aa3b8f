# SPDX-License-Identifier: Apache-2.0
"""A running RealSense pipeline, whether it reads a camera or a recording."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from frs_ros.cameras.base import Calibration, Frame


class RealSenseSession:
    """See `frs_ros.cameras.driver.Session`.

    Args:
        rs: The module pyrealsense2.
        pipeline: Not yet started.
        config: What to open: device, or file, and streams.
        depth: Whether frames have depth.
        latency_ns: Taken off the time of arrival of frames without a usable stamp, ns.
        wall_ns: System clock, ns.

    Attributes:
        device: The camera, or the playback of a recording.

    Raises:
        RuntimeError: The library cannot open that.
    """

    def __init__(
        self,
        rs: Any,
        pipeline: Any,
        config: Any,
        *,
        depth: bool,
        latency_ns: int = 0,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._rs = rs
        self._latency_ns = latency_ns
        self._wall_ns = wall_ns
        self._pipeline = pipeline
        profile = pipeline.start(config)
        self.device = profile.get_device()
        self._align = rs.align(rs.stream.color) if depth else None
        self._millimetres = 1.0
        if depth:
            self._millimetres = 1e3 * self.device.first_depth_sensor().get_depth_scale()
        self._use_global_time()
        self.calibration: Calibration | None = self._read_calibration(profile)
        self.warning = self._usb_warning()

    def read(self, timeout: float) -> Frame | None:
        """See `Session.read`."""
        arrived, frames = self._pipeline.try_wait_for_frames(max(1, round(1e3 * timeout)))
        if not arrived:
            return None
        arrival_ns = self._wall_ns()
        if self._align is not None:
            frames = self._align.process(frames)
        color = frames.get_color_frame()
        if not color:
            return None
        depth = None if self._align is None else self._depth_of(frames.get_depth_frame())
        # copies: the library uses the memory again
        rgb = np.array(np.asanyarray(color.get_data()))
        return Frame(rgb, self._stamp_ns(color, arrival_ns), color.get_frame_number(), depth)

    def close(self) -> None:
        """See `Session.close`; has been seen to hang (librealsense issue 7252)."""
        self._pipeline.stop()

    def _stamp_ns(self, frame: Any, arrival_ns: int) -> int:
        """When the frame was exposed."""
        domains = self._rs.timestamp_domain
        if frame.get_frame_timestamp_domain() in (domains.global_time, domains.system_time):
            return round(1e6 * float(frame.get_timestamp()))  # ms
        return arrival_ns - self._latency_ns

    def _depth_of(self, frame: Any) -> np.ndarray | None:
        """[h, w] uint16 mm; None if the depth of this frame was lost."""
        if not frame:
            return None
        units = np.asanyarray(frame.get_data())
        if abs(self._millimetres - 1.0) < 1e-6:
            return np.array(units)
        millimetres = np.minimum(np.rint(units * self._millimetres), 2**16 - 1)
        return np.asarray(millimetres, np.uint16)

    def _use_global_time(self) -> None:
        """Asks for stamps of the computer's clock."""
        option = self._rs.option.global_time_enabled
        for sensor in self.device.query_sensors():
            with contextlib.suppress(RuntimeError):  # an old firmware or a recording: cannot
                if sensor.supports(option):
                    sensor.set_option(option, 1.0)

    def _read_calibration(self, profile: Any) -> Calibration:
        stream = profile.get_stream(self._rs.stream.color).as_video_stream_profile()
        given = stream.get_intrinsics()
        matrix = np.array([[given.fx, 0, given.ppx], [0, given.fy, given.ppy], [0, 0, 1.0]])
        return Calibration(given.height, given.width, matrix, np.array(given.coeffs, np.float64))

    def _usb_warning(self) -> str:
        info = self._rs.camera_info.usb_type_descriptor
        if not self.device.supports(info):
            return ''
        usb = str(self.device.get_info(info))
        if not usb.startswith('2'):
            return ''
        return (
            f'connected by USB {usb}: expect drops; use a USB 3 port and a USB 3 cable below 2 m'
        )
