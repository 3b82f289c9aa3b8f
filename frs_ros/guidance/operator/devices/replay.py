# SPDX-License-Identifier: Apache-2.0
"""A recording of HID reports, played through pyspacemouse as if the device were there."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from frs_ros.guidance.operator.devices.hid import REST, HidReader, mouse_of
from frs_ros.guidance.operator.devices.recording import PLUG, UNPLUG, Entry, read_recording
from frs_ros.guidance.operator.mapper import Axes

_PAUSE_NS = 500_000_000  # between two rounds of a recording that is repeated


class RecordedHid:
    """Stands where easyhid's `HIDDevice` stands: gives the reports that were put in."""

    product_string = 'recording'
    manufacturer_string = ''
    serial_number = ''
    release_number = 0

    def __init__(self) -> None:
        self.reports: deque[bytes] = deque()

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def set_nonblocking(self, enable: bool) -> None:
        """It never blocks."""

    def read(self, size: int) -> bytearray:
        """The next report, filled up with zeros to `size` as easyhid does; empty if none."""
        if not self.reports:
            return bytearray()
        return bytearray(self.reports.popleft()[:size].ljust(size, b'\0'))


class Replay:
    """An `AxesSource`: a recording, at the pace of the time that `take` is told.

    At its end the device stays as it was last, unless it is repeated.

    Args:
        path: File, see `recording`.
        repeat: Whether to begin again at the end.
        rest: Deflection below which the device is let go of.

    Attributes:
        notice: What of the file was left out, in one line; '' if nothing was.
    """

    def __init__(self, path: str | Path, *, repeat: bool = False, rest: float = REST) -> None:
        self._recording = read_recording(path)
        self._name, self.notice = Path(path).name, self._recording.notice
        self._rest = rest
        self._entries = self._rounds(repeat)
        self._next: tuple[int, Entry] | None = next(self._entries)
        self._start_ns: int | None = None
        self._now_ns = 0
        self._hid = RecordedHid()
        self._reader: HidReader | None = None

    def start(self) -> None:
        """Opens the recorded device."""
        self._reader = self._open()

    def take(self, now_ns: int) -> list[Axes]:
        """See `AxesSource`; the first call starts the recording."""
        if self._start_ns is None:
            self._start_ns = now_ns
        samples: list[Axes] = []
        while self._next is not None and self._start_ns + self._next[0] <= now_ns:
            self._now_ns = self._start_ns + self._next[0]
            self._play(self._next[1])
            samples += self._drain()
            self._next = next(self._entries, None)
        self._now_ns = now_ns
        return samples + self._drain()

    def fault(self) -> str:
        """See `AxesSource`."""
        return '' if self._reader is not None else f'the device of {self._name} is unplugged'

    def close(self) -> None:
        """See `AxesSource`."""
        self._reader = None

    def _open(self) -> HidReader:
        self._hid.reports.clear()
        mouse = mouse_of(self._recording.model, self._hid)
        return HidReader(mouse, lambda: self._now_ns, self._rest)

    def _play(self, entry: Entry) -> None:
        if entry.event == UNPLUG:
            self._reader = None
        elif entry.event == PLUG:
            self._reader = self._open()
        else:
            self._hid.reports.append(entry.report)

    def _drain(self) -> list[Axes]:
        return self._reader.drain() if self._reader is not None else []

    def _rounds(self, repeat: bool) -> Iterator[tuple[int, Entry]]:
        """Entries with their times since the start in ns."""
        entries = self._recording.entries
        length = round(1e9 * entries[-1].time) + _PAUSE_NS
        for turn in itertools.count() if repeat else (0,):
            for entry in entries:
                yield turn * length + round(1e9 * entry.time), entry
