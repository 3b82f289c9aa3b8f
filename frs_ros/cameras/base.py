# SPDX-License-Identifier: Apache-2.0
"""The contract of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Frame:
    """One image.

    Attributes:
        rgb: [h, w, 3] uint8 RGB, upright; not written to again by the source.
        stamp_ns: When it was taken, ns since the epoch of the system clock.
        number: Counts what the camera produced, from any start; gaps are drops.
        depth: [h, w] uint16 mm aligned to the colour, None without.
        jpeg: The same image as a JPEG file if the source had it so, else None.
    """

    rgb: np.ndarray
    stamp_ns: int
    number: int
    depth: np.ndarray | None = None
    jpeg: bytes | None = None


@dataclass(frozen=True)
class Calibration:
    """Pinhole calibration of the colour image.

    Attributes:
        height: px.
        width: px.
        matrix: [3, 3] intrinsic matrix K, px.
        distortion: [5] plumb_bob coefficients, zeros for an ideal camera.
    """

    height: int
    width: int
    matrix: np.ndarray
    distortion: np.ndarray


@dataclass(frozen=True)
class CameraStatus:
    """Health of a camera.

    Attributes:
        received: Frames received since `start`.
        dropped: Frames that the camera produced (by its numbers) and we never received.
        replaced: Frames received and replaced by a newer one before anybody took them.
        recoveries: Restarts and resets since `start`.
        age: Seconds since the newest frame was received; infinity before the first.
        line: What is wrong and what is being done about it, '' if nothing.
        failed: The line is an error (no images), not a warning.
    """

    received: int
    dropped: int
    replaced: int
    recoveries: int
    age: float
    line: str = ''
    failed: bool = False


class CameraSource(Protocol):
    """Gives the newest frame of one camera. No call blocks for longer than some milliseconds.

    What takes longer (opening, waiting for frames, restarting, resetting) happens in threads or
    processes of the source. The newest frame wins: there is no queue.
    """

    def start(self) -> None:
        """Begins to open the camera; a camera that is not there yet is waited for, see `status`.

        Raises:
            DependencyError: A library is missing; the line names the package to install.
            ConfigError: The settings cannot be meant.
        """
        ...

    def take(self, timeout: float = 0.0) -> Frame | None:
        """The newest frame, None if there is no new one since the last call.

        Args:
            timeout: How long to wait for one, s; the only call that waits, and only if told to.
        """
        ...

    def calibration(self) -> Calibration | None:
        """None until it is known, or for cameras that have none."""
        ...

    def status(self) -> CameraStatus:
        """Health now."""
        ...

    def close(self) -> None:
        """Ends threads and gives the camera back; idempotent, returns within a second."""
        ...
