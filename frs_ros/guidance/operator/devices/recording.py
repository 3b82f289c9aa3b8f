# SPDX-License-Identifier: Apache-2.0
"""Raw reports of a HID device in a file: one JSON object per line.

{"model": "SpaceNavigator", "note": "..."}        the first line: name in pyspacemouse's table
{"t": 0.016, "hex": "01000098ff0000"}             a report: seconds since the start, its bytes
{"t": 2.500, "event": "unplug"}                   the device is unplugged; "plug": it is back

Lines are in the order of time. Blank lines do not count, nor a last line that was cut off when the
recorder was killed.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from frs_ros.documents import parse_json
from frs_ros.errors import ConfigError, DataError
from frs_ros.text import one_line

UNPLUG, PLUG = 'unplug', 'plug'
LARGEST = 64 << 20  # bytes: several hours
LONGEST_TIME = 1e6  # s, eleven days
LONGEST_REPORT = 256  # bytes; those of SpaceMice have 7 to 13


@dataclass(frozen=True)
class Entry:
    """A report of the device, or an event.

    Attributes:
        time: Seconds since the start of the recording.
        report: Bytes of the report, the first is its number; empty for an event.
        event: UNPLUG, PLUG, or '' for a report.
    """

    time: float
    report: bytes = b''
    event: str = ''


@dataclass(frozen=True)
class Recording:
    """A recording, in the order of time.

    Attributes:
        model: Name of the device in pyspacemouse's table.
        entries: At least one.
        notice: What was left out, in one line; '' if nothing was.
    """

    model: str
    entries: tuple[Entry, ...]
    notice: str = ''


def read_recording(path: str | Path) -> Recording:
    """Reads a recording; DataError names the file and the line that is wrong."""
    path = Path(path)
    try:
        with path.open('rb') as file:
            content = file.read(LARGEST + 1)
        lines = content.decode('utf-8-sig', errors='replace').split('\n')
    except OSError as error:
        raise DataError(f'{path} cannot be read as a HID recording: {one_line(error)}') from None
    if len(content) > LARGEST:
        raise DataError(f'{path} is larger than {LARGEST >> 20} MiB, no HID recording of ours')
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    first, line = numbered[0] if numbered else (1, '')
    model = _object(path, first, line).get('model')
    if not isinstance(model, str):
        raise DataError(f'{path}, line {first}: no "model"; this is no HID recording')
    notice, entries = '', list[Entry]()
    for number, line in numbered[1:]:
        if number == len(lines) and entries and not _is_json(line):
            notice = f'{path}, line {number} is cut off; played up to it'
            break
        entry = _entry(path, number, line)
        if entries and entry.time < entries[-1].time:
            raise DataError(f'{path}, line {number}: time goes back')
        entries.append(entry)
    if not entries:
        raise DataError(f'{path} holds no reports')
    return Recording(model, tuple(entries), notice)


def write_header(stream: TextIO, model: str, note: str) -> None:
    """Writes the first line of a recording."""
    stream.write(json.dumps({'model': model, 'note': note}) + '\n')


def write_entry(stream: TextIO, entry: Entry) -> None:
    """Writes a line of a recording."""
    what = {'event': entry.event} if entry.event else {'hex': entry.report.hex()}
    stream.write(json.dumps({'t': round(entry.time, 4), **what}) + '\n')


class Recorder:
    """Writes what HID devices report; a device that is lost and opened again is one recording.

    A disk that takes no more ends the recording, with a line, and not the guidance.

    Args:
        path: File to write; ConfigError if that is impossible.
        clock: Seconds, monotonic.
    """

    def __init__(self, path: str | Path, clock: Callable[[], float]) -> None:
        try:
            # for as long as the process: line by line, so that nothing is lost with it
            self._stream = Path(path).open('w', encoding='utf-8', buffering=1)  # noqa: SIM115
        except OSError as error:
            raise ConfigError(f'{path} cannot be written: {error.strerror}') from None
        self._path, self._clock, self._start = path, clock, clock()
        self._begun = self._over = False

    def tap(self, model: str, hid: Any) -> Any:
        """The device, which from now on is recorded as it is read."""
        if self._begun:
            self.write(event=PLUG)
        else:
            self._try(partial(write_header, self._stream, model, 'recorded from a device'))
        self._begun = True
        return _Tapped(hid, self.write)

    def write(self, report: bytes = b'', event: str = '') -> None:
        """Writes an entry with the present time."""
        entry = Entry(self._clock() - self._start, report, event)
        self._try(partial(write_entry, self._stream, entry))

    def _try(self, write: Callable[[], None]) -> None:
        """Writes unless that has failed before."""
        if self._over:
            return
        try:
            write()
        except OSError as error:
            self._over = True
            line = f'{self._path}: the recording of the device has ended: {error.strerror}'
            print(line, file=sys.stderr, flush=True)
            with contextlib.suppress(OSError):  # what it could not write is tried again
                self._stream.close()


class _Tapped:
    """A HID device as easyhid's `HIDDevice`, overheard."""

    def __init__(self, hid: Any, write: Callable[..., None]) -> None:
        self._hid, self._write = hid, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hid, name)

    def read(self, size: int) -> Any:
        """A report, empty if there is none; raises what the device raises."""
        try:
            report = self._hid.read(size)
        except Exception:
            self._write(event=UNPLUG)
            raise
        if report:
            self._write(bytes(report))
        return report


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    value = parse_json(line, 'line') if _is_json(line) else None
    if not isinstance(value, dict):
        raise DataError(f'{path}, line {number}: not a JSON object')
    return value


def _is_json(line: str) -> bool:
    try:
        parse_json(line, 'line')
    except DataError:
        return False
    return True


def _entry(path: Path, number: int, line: str) -> Entry:
    value = _object(path, number, line)
    time, event, text = value.get('t'), value.get('event', ''), value.get('hex', '')
    if not isinstance(time, (int, float)) or not abs(time) <= LONGEST_TIME:
        raise DataError(f'{path}, line {number}: "t" must be seconds')
    try:
        report = bytes.fromhex(text)
    except (ValueError, TypeError):
        raise DataError(f'{path}, line {number}: "hex" must be bytes as hexadecimal') from None
    if len(report) > LONGEST_REPORT:
        raise DataError(f'{path}, line {number}: a report of {len(report)} bytes')
    if event not in ('', UNPLUG, PLUG) or bool(event) == bool(report):
        raise DataError(f'{path}, line {number}: neither a report nor "{UNPLUG}" or "{PLUG}"')
    return Entry(float(time), report, event)
