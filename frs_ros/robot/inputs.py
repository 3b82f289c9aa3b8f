# SPDX-License-Identifier: Apache-2.0
"""What must keep coming in while the arm moves: the robot's state and new pictures. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from frs_ros.robot.base import ArmState


class Inputs:
    """Watches the age of the robot's state and of the pictures of each camera."""

    def __init__(
        self, cameras: Sequence[str], *, image_timeout: float, state_timeout: float
    ) -> None:
        """Sets the limits, in s."""
        self._image_timeout, self._state_timeout = image_timeout, state_timeout
        self._new_at: dict[str, float | None] = dict.fromkeys(cameras)
        self._stamps: dict[str, int] = {}

    def image(self, camera: str, stamp_ns: int, now: float) -> None:
        """A picture came. One with the stamp of the last is the same picture: a frozen camera."""
        if self._stamps.get(camera) != stamp_ns:
            self._stamps[camera] = stamp_ns
            self._new_at[camera] = now

    def silence(self, state: ArmState, now: float) -> str:
        """What is silent for too long, one line; '' if nothing is."""
        if now - state.read_at > self._state_timeout:
            return 'the robot is silent: its state is not renewed'
        for camera, new_at in self._new_at.items():
            if new_at is None:
                return f"no picture from camera '{camera}' yet"
            if now - new_at > self._image_timeout:
                return f"no new picture from camera '{camera}'"
        return ''
