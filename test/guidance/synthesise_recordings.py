# SPDX-License-Identifier: Apache-2.0
"""Makes recordings/*.jsonl: what a hand does, as the reports of two SpaceMouse models.

These are NOT recordings of real devices: there was none. They follow the report formats in
pyspacemouse's device table: little-endian int16, full deflection 350, raw axes x right, y towards
the user, z down; report 3 holds the buttons. The SpaceNavigator sends translation (report 1) and
rotation (report 2) apart, the SpaceMouse Wireless all six in report 1.

    python test/guidance/synthesise_recordings.py
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

from frs_ros.guidance.operator.devices.recording import (
    PLUG,
    UNPLUG,
    Entry,
    write_entry,
    write_header,
)

FOLDER = Path(__file__).with_name('recordings')
NOTE = 'synthesised by test/guidance/synthesise_recordings.py from the report format'
MODELS = {'SpaceNavigator': 'spacenavigator', 'SpaceMouseWireless': 'spacemouse_wireless'}

SLOT = 2.0  # s from the start of one gesture to that of the next
HOLD = 0.8  # s that a push lasts
TAP = 0.1
PERIOD = 0.016  # s between two reports of a deflected device
RAMP = 4  # reports until the cap is where the hand wants it

FORWARD, BACK = (0, -300, 0, 0, 0, 0), (0, 300, 0, 0, 0, 0)
LEFT, RIGHT = (-300, 0, 0, 0, 0, 0), (300, 0, 0, 0, 0, 0)
UP, DOWN = (0, 0, -300, 0, 0, 0), (0, 0, 300, 0, 0, 0)
LEAK = (9, -12, 7, 15, -11, 8)  # what else a hand moves without meaning to

# One gesture per slot: name, raw deflection, how long it is held.
GESTURES = (
    ('forward', FORWARD, HOLD),
    ('back', BACK, HOLD),
    ('left', LEFT, HOLD),
    ('right', RIGHT, HOLD),
    ('up', UP, HOLD),
    ('down', DOWN, HOLD),
    ('open', (), HOLD),
    ('close', (), HOLD),
    ('too far forward', (0, -500, 0, 0, 0, 0), HOLD),
    ('left, zero lost', LEFT, HOLD),
    ('right after it', RIGHT, HOLD),
    ('diagonal', (-250, -250, 0, 0, 0, 0), HOLD),
    ('tap forward', FORWARD, TAP),
    ('twist', (0, 0, 0, 0, 0, -300), HOLD),
    ('forward, unplugged', FORWARD, HOLD),
    ('up again', UP, HOLD),
)
UNPLUGGED_AT, PLUGGED_AT = 0.4, 0.8  # s within its slot; held on for HOLD after that


def start_of(gesture: str) -> float:
    """When a gesture starts, s."""
    return SLOT * [name for name, *_ in GESTURES].index(gesture) + 0.2


def motion(model: str, raw: tuple[int, ...]) -> list[bytes]:
    """The reports for a deflection."""
    if model == 'SpaceNavigator':
        return [b'\x01' + struct.pack('<3h', *raw[:3]), b'\x02' + struct.pack('<3h', *raw[3:])]
    return [b'\x01' + struct.pack('<6h', *raw)]


def push(model: str, start: float, raw: tuple[int, ...], hold: float) -> Iterator[Entry]:
    """Out, held, back; the zero report comes last."""
    count = max(round(hold / PERIOD), 2 * RAMP)
    for i in range(count + 1):
        share = min(1.0, i / RAMP, (count - i) / RAMP)
        leak = LEAK if share > 0 else (0,) * 6
        now = tuple(round(share * r) + e for r, e in zip(raw, leak))
        for report in motion(model, now):
            yield Entry(start + i * PERIOD, report)


def gesture(model: str, name: str, raw: tuple[int, ...], hold: float) -> Iterator[Entry]:
    """The entries of one slot."""
    start = start_of(name)
    if name in ('open', 'close'):
        yield Entry(start, b'\x03' + (b'\x01' if name == 'open' else b'\x02'))
        yield Entry(start + hold, b'\x03\x00')
    elif name.endswith('zero lost'):
        entries = list(push(model, start, raw, hold))
        yield from (e for e in entries if e.time < start + hold - RAMP * PERIOD)
    elif name.endswith('unplugged'):
        held = [e for e in push(model, start, raw, 2 * hold) if e.time < start + UNPLUGGED_AT]
        yield from held
        yield Entry(start + UNPLUGGED_AT, event=UNPLUG)
        yield Entry(start + PLUGGED_AT, event=PLUG)
        rest = push(model, start, raw, PLUGGED_AT + hold)
        # the cap is still held when the device is back
        yield from (e for e in rest if e.time > start + PLUGGED_AT)
    else:
        yield from push(model, start, raw, hold)


def recording(model: str) -> str:
    """The text of a recording."""
    stream = io.StringIO()
    write_header(stream, model, NOTE)
    for name, raw, hold in GESTURES:
        for entry in gesture(model, name, raw, hold):
            write_entry(stream, entry)
    return stream.getvalue()


if __name__ == '__main__':
    for model, name in MODELS.items():
        (FOLDER / f'{name}.jsonl').write_text(recording(model))
