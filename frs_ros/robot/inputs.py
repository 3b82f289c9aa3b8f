# SPDX-License-Identifier: Apache-2.0
"""What must keep coming in while the arm moves: the robot's state and new pictures. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from frs_ros.robot.base import ArmState
from frs_ros.robot.driver_guard import unusable
from frs_ros.safety.watchdog import Watchdog

ROBOT = 'robot'


class Inputs:
    """Watches the age of the robot's state and of the pictures of each camera.

    Its lines have no ages in them: they stay the same while the silence lasts.
    """

    def __init__(
        self, cameras: Sequence[str], *, image_timeout: float, state_timeout: float
    ) -> None:
        """Sets the limits, in s."""
        self._robot = Watchdog({ROBOT: state_timeout})
        self._cameras = Watchdog(dict.fromkeys(cameras, image_timeout))
        self._new_at: dict[str, float] = {}
        self._stamps: dict[str, int] = {}

    def image(self, camera: str, stamp_ns: int, now: float) -> None:
        """A picture came. One with the stamp of the last is the same picture: a frozen camera."""
        if self._stamps.get(camera) != stamp_ns:
            self._stamps[camera] = stamp_ns
            self._new_at[camera] = now

    def silence(self, state: ArmState, now: float) -> str:
        """What is silent for too long, one line; '' if nothing is."""
        line = unusable(state) or self.robot_silence(state, now)
        if line:
            return line
        ages = {camera: now - at for camera, at in self._new_at.items()}
        silent = self._cameras.silent(ages)
        if silent is None:
            return ''
        if math.isinf(silent.age):
            return f"no picture from camera '{silent.name}' yet; is it running?"
        return f"no new picture from camera '{silent.name}'; is it running?"

    def robot_silence(self, state: ArmState, now: float) -> str:
        """The same of the robot alone."""
        if self._robot.silent({ROBOT: now - state.read_at}) is None:
            return ''
        return 'the robot is silent: its state is not renewed'
