# SPDX-License-Identifier: Apache-2.0
"""What a kind of camera has to know; threads and recovery are the business of `supervised`."""

from __future__ import annotations

from typing import Protocol

from frs_ros.cameras.base import Calibration, Frame
from frs_ros.errors import FrsError


class CameraError(FrsError):
    """A camera that is absent, busy, or has stopped; one line with the fix, if known."""


class Session(Protocol):
    """An opened camera. Its methods may block, even for ever: each session has its own thread.

    Attributes:
        calibration: None if the camera does not tell it.
        warning: What is not as it should be although images come, '' if nothing.
    """

    calibration: Calibration | None
    warning: str

    def read(self, timeout: float) -> Frame | None:
        """The next frame, None if there is none within about `timeout` seconds.

        Raises:
            CameraError: The camera is lost.
        """
        ...

    def close(self) -> None:
        """Gives the camera back."""
        ...


class CameraDriver(Protocol):
    """Opens one camera, as often as needed.

    Attributes:
        name: How people call the camera, for messages.
        can_reset: Whether `reset` does anything.
    """

    name: str
    can_reset: bool

    def check(self) -> None:
        """Looks at libraries and settings without touching the camera.

        Raises:
            DependencyError: A library is missing.
            ConfigError: The settings cannot be meant.
        """
        ...

    def open(self) -> Session:
        """Opens the camera; may block. Raises CameraError."""
        ...

    def reset(self) -> None:
        """Resets the hardware of this camera and of no other; may block. Raises CameraError."""
        ...
