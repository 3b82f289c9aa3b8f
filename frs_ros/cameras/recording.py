# SPDX-License-Identifier: Apache-2.0
"""A RealSense recording in place of a RealSense, through the same pipeline."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frs_ros.cameras.base import Frame
from frs_ros.cameras.driver import CameraError, Session
from frs_ros.cameras.pacing import Pace
from frs_ros.cameras.playback import check_exists
from frs_ros.cameras.realsense import realsense_library
from frs_ros.cameras.realsense_session import RealSenseSession


class Recording:
    """Driver of a RealSense recording; its end looks like a camera that was unplugged.

    Args:
        path: File that the RealSense Viewer or `pyrealsense2.recorder` has written, .db3.
        fps: Rate at which it is played, Hz.
        depth: Whether frames have depth.
    """

    can_reset = False

    def __init__(self, path: str, fps: float, *, depth: bool = False) -> None:
        self.name = f'playback of {path}'
        self._path = Path(path)
        self._fps = fps
        self._depth = depth
        self._library: Any = None

    def check(self) -> None:
        """See `CameraDriver.check`."""
        check_exists(self._path)
        self._library = realsense_library()

    def open(self) -> PacedSession:
        """See `CameraDriver.open`."""
        rs = self._library
        config = rs.config()
        try:
            config.enable_device_from_file(str(self._path), repeat_playback=False)
            _enable(config, rs.stream.color, rs.format.rgb8)
            if self._depth:
                _enable(config, rs.stream.depth, rs.format.z16)
            pipeline = rs.pipeline()
            # not in real time: then the library waits for us, and no frame is lost; before the
            # start, or the first ones would be
            profile = config.resolve(rs.pipeline_wrapper(pipeline))
            profile.get_device().as_playback().set_real_time(False)
            session = RealSenseSession(rs, pipeline, config, depth=self._depth)
        except RuntimeError as error:
            raise CameraError(f'cannot be played as a RealSense recording ({error})') from error
        return PacedSession(session, Pace(self._fps))

    def reset(self) -> None:
        """There is no hardware."""


class PacedSession:
    """Slows a session down, and stamps its frames with the time at which they are played."""

    def __init__(
        self, session: Session, pace: Pace, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.calibration = session.calibration
        self.warning = session.warning
        self._session = session
        self._pace = pace
        self._wall_ns = wall_ns

    def read(self, timeout: float) -> Frame | None:
        """See `Session.read`."""
        if self._pace.next(timeout) is None:
            return None
        frame = self._session.read(timeout)
        return None if frame is None else dataclasses.replace(frame, stamp_ns=self._wall_ns())

    def close(self) -> None:
        """See `Session.close`."""
        self._session.close()


def _enable(config: Any, stream: Any, pixel_format: Any) -> None:
    """Asks for a stream of any size and rate; the short forms do not take a format alone."""
    config.enable_stream(stream, -1, 0, 0, pixel_format, 0)
