# SPDX-License-Identifier: Apache-2.0
"""What a person steers with, whatever it is: keys or a device."""

from __future__ import annotations

from typing import Protocol

from frs_ros.guidance.operator.devices.base import AxesSource
from frs_ros.guidance.operator.keyboard import Keyboard, help_text
from frs_ros.guidance.operator.mapper import DirectionMapper
from frs_ros.messages.guidance import Guidance

SILENT_NS = 1_000_000_000  # after which a device that shows nothing is named


class Pilot(Protocol):
    """Turns what a person does into guidance.

    Attributes:
        help: What to do, lines for a terminal.
    """

    help: str

    def press(self, key: str, now_ns: int) -> None:
        """A key of the terminal."""
        ...

    def guidance(self, now_ns: int) -> Guidance | None:
        """Present guidance, None from a device without; the clock never goes back."""
        ...

    def fault(self) -> str:
        """Why nobody can steer, and the fix; '' while all is well."""
        ...

    def restless(self) -> bool:
        """Whether the fault is that a device is there, but was not seen at rest."""
        ...

    def close(self) -> None:
        """Gives devices back; idempotent."""
        ...


class KeyPilot:
    """Steers by keys.

    Args:
        keyboard: State to begin with.
    """

    def __init__(self, keyboard: Keyboard) -> None:
        self.help = help_text()
        self._keyboard = keyboard

    def press(self, key: str, now_ns: int) -> None:
        """See `Pilot`."""
        self._keyboard = self._keyboard.press(key, now_ns)

    def guidance(self, now_ns: int) -> Guidance:
        """See `Pilot`."""
        return self._keyboard.guidance(now_ns)

    def fault(self) -> str:
        """A keyboard that is gone ends the node."""
        return ''

    def restless(self) -> bool:
        """Keys are pressed or not."""
        return False

    def close(self) -> None:
        """Nothing to close."""


class NoPilot:
    """Steers never; somebody else may."""

    help = 'steering is left to others'

    def press(self, key: str, now_ns: int) -> None:
        """Keys do not steer here."""

    def guidance(self, now_ns: int) -> None:
        """See `Pilot`."""

    def fault(self) -> str:
        """See `Pilot`."""
        return ''

    def restless(self) -> bool:
        """See `Pilot`."""
        return False

    def close(self) -> None:
        """Nothing to close."""


class DevicePilot:
    """Steers by a device with axes.

    Args:
        source: The device, started.
        mapper: State to begin with; its source names the device.
    """

    def __init__(self, source: AxesSource, mapper: DirectionMapper) -> None:
        self.help = _device_help(mapper)
        self._source, self._mapper = source, mapper
        self._now_ns = 0
        self._seen_ns: int | None = None

    def press(self, key: str, now_ns: int) -> None:
        """Keys do not steer here."""

    def guidance(self, now_ns: int) -> Guidance:
        """See `Pilot`; a device that was lost is as at the start when it is back."""
        samples = self._source.take(now_ns)
        self._now_ns = now_ns
        if samples or self._seen_ns is None:
            self._seen_ns = now_ns
        if self._source.fault():
            self._mapper = self._mapper.lost()
            samples = []
        for axes in samples:
            self._mapper = self._mapper.update(axes)
        return self._mapper.guidance(now_ns)

    def fault(self) -> str:
        """See `Pilot`."""
        fault = self._source.fault() or self._mapper.complaint or self._mapper.restless
        if not fault and self._seen_ns is not None and self._now_ns - self._seen_ns > SILENT_NS:
            fault = f'the {self._mapper.source} shows nothing any more'
        return fault

    def restless(self) -> bool:
        """See `Pilot`."""
        return bool(self._mapper.restless) and not self._source.fault()

    def close(self) -> None:
        """See `Pilot`."""
        self._source.close()


def _device_help(mapper: DirectionMapper) -> str:
    settings = mapper.settings
    buttons = (
        (settings.enable_button, 'hold it to steer'),
        (settings.open_button, 'open the gripper'),
        (settings.close_button, 'close the gripper'),
    )
    lines = [f'{mapper.source}: push the way the gripper is to go, one direction at a time']
    lines += [f'button {button}  {what}' for button, what in buttons if button >= 0]
    return '\n'.join(lines)
