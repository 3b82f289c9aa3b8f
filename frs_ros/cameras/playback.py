# SPDX-License-Identifier: Apache-2.0
"""Files in place of a camera: a folder of images, or a video."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from frs_ros.cameras.base import Calibration, Frame
from frs_ros.cameras.codec import decode_image
from frs_ros.cameras.driver import CameraError
from frs_ros.cameras.pacing import Pace
from frs_ros.errors import ConfigError

IMAGES = ('.jpg', '.jpeg', '.png')


class Images:
    """Driver of a folder or video; begins again at its end.

    Args:
        path: Folder or file.
        fps: Hz.
    """

    can_reset = False

    def __init__(self, path: str, fps: float) -> None:
        self.name = f'playback of {path}'
        self._path = Path(path)
        self._fps = fps

    def check(self) -> None:
        """See `CameraDriver.check`."""
        check_exists(self._path)
        if self._path.is_dir() and not _images(self._path):
            raise ConfigError(f'{self._path} holds no images ({", ".join(IMAGES)})')

    def open(self) -> ImageSession:
        """See `CameraDriver.open`."""
        frames = self._folder if self._path.is_dir() else self._video
        return ImageSession(frames, Pace(self._fps))

    def reset(self) -> None:
        """There is no hardware."""

    def _folder(self) -> Iterator[np.ndarray]:
        for file in _images(self._path):
            try:
                yield decode_image(file.read_bytes())
            except Exception as error:
                raise CameraError(f'{file.name}: {error}') from error

    def _video(self) -> Iterator[np.ndarray]:
        capture = cv2.VideoCapture(str(self._path))
        try:
            good, bgr = capture.read()
            if not good:
                raise CameraError('is neither a folder of images nor a readable video')
            while good:
                yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
                good, bgr = capture.read()
        finally:
            capture.release()


class ImageSession:
    """See `frs_ros.cameras.driver.Session`; numbers count on when it begins again."""

    calibration: Calibration | None = None
    warning = ''

    def __init__(
        self,
        begin: Callable[[], Iterator[np.ndarray]],
        pace: Pace,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._begin = begin
        self._frames = begin()
        self._pace = pace
        self._wall_ns = wall_ns
        self._number = 0

    def read(self, timeout: float) -> Frame | None:
        """See `Session.read`."""
        if self._pace.next(timeout) is None:
            return None
        rgb = next(self._frames, None)
        if rgb is None:
            self._frames = self._begin()
            rgb = next(self._frames)
        self._number += 1
        return Frame(rgb, self._wall_ns(), self._number)

    def close(self) -> None:
        """Closes the file."""
        self._frames.close()  # type: ignore[attr-defined]  # a generator


def check_exists(path: Path) -> None:
    """ConfigError if there is nothing to play."""
    if path == Path() or not path.exists():
        raise ConfigError(
            f"parameter path is '{path}', which does not exist; name a folder of images, a "
            f'video file or a RealSense recording (.db3)'
        )


def _images(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGES)
