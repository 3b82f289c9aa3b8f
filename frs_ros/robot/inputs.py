# SPDX-License-Identifier: Apache-2.0
"""What must keep coming in while the arm moves: the robot's state and new images. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from frs_ros.robot.base import ArmState
from frs_ros.robot.driver_guard import unusable
from frs_ros.safety.watchdog import Watchdog

ROBOT = 'robot'
MEMORY = 128  # stamps of a camera; more than it takes in the time that an image may be old


class Inputs:
    """Watches the age of the robot's state and of the images of each camera.

    Its lines have no ages in them: they stay the same while the silence lasts.
    """

    def __init__(
        self,
        cameras: Sequence[str],
        *,
        image_timeout: float,
        state_timeout: float,
        image_max_age: float = 0.5,
    ) -> None:
        """Sets the limits, in s."""
        self._max_age = image_max_age
        self._robot = Watchdog({ROBOT: state_timeout})
        self._cameras = Watchdog(dict.fromkeys(cameras, image_timeout))
        self._new_at: dict[str, float] = {}
        self._stamps: dict[str, deque[int]] = {c: deque(maxlen=MEMORY) for c in cameras}
        self._mistimed: set[str] = set()

    def image(self, camera: str, stamp_ns: int, now: float, stamp_now_ns: int) -> None:
        """An image came. One that came before, or is not of this time, is no new one.

        Args:
            camera: Its name.
            stamp_ns: When it was taken, on the clock of the stamps.
            now: Monotonic, s.
            stamp_now_ns: Now on the clock of the stamps.
        """
        seen = self._stamps.setdefault(camera, deque(maxlen=MEMORY))
        if abs(stamp_now_ns - stamp_ns) * 1e-9 > self._max_age:
            self._mistimed.add(camera)
        elif stamp_ns not in seen:
            self._mistimed.discard(camera)
            seen.append(stamp_ns)
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
        if silent.name in self._mistimed:
            return (
                f"the images of camera '{silent.name}' are old or of the future by their stamps; "
                'is it frozen, are all clocks the same?'
            )
        if math.isinf(silent.age):
            return f"no image from camera '{silent.name}' yet; is it running?"
        return f"no new image from camera '{silent.name}'; is it running?"

    def robot_silence(self, state: ArmState, now: float) -> str:
        """The same of the robot alone."""
        if self._robot.silent({ROBOT: now - state.read_at}) is None:
            return ''
        return 'the robot is silent: its state is not renewed'
