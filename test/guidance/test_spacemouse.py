# SPDX-License-Identifier: Apache-2.0
"""The SpaceMouse in its thread: unplugged and back, missing libraries and permissions."""

from __future__ import annotations

import struct
import sys
import time
from types import SimpleNamespace

import pytest

from frs_ros.errors import ConfigError, DependencyError
from frs_ros.guidance.operator.devices import spacemouse
from frs_ros.guidance.operator.devices.recording import Recorder, read_recording
from frs_ros.guidance.operator.devices.replay import RecordedHid
from frs_ros.guidance.operator.devices.spacemouse import SpaceMouse, SpaceMouseError, open_first

pytest.importorskip('pyspacemouse')

AT_REST = b'\x01' + bytes(6)
FORWARD = b'\x01' + struct.pack('<3h', 0, -350, 0)


class Hid(RecordedHid):
    """A SpaceNavigator as easyhid shows it, which may be unplugged."""

    vendor_id, product_id = 0x046D, 0xC626
    path = '/dev/hidraw99'

    def __init__(self, opens: bool = True) -> None:
        super().__init__()
        self.opens, self.plugged, self.closed = opens, True, False

    def open(self) -> None:
        if not self.opens:
            from easyhid import HIDException

            raise HIDException('Failed to open device')

    def close(self) -> None:
        self.closed = True

    def read(self, size: int) -> bytearray:
        if not self.plugged:
            from easyhid import HIDException

            raise HIDException('Failed to read from HID device: -1')
        return super().read(size)


class Port:
    """Where devices are plugged in."""

    def __init__(self) -> None:
        self.hid: Hid | None = None

    def open(self):
        return open_first(lambda: [self.hid] if self.hid and self.hid.plugged else [])


@pytest.fixture
def port():
    return Port()


@pytest.fixture
def mouse(port):
    made = SpaceMouse(port.open, search_period=0.02)
    yield made
    made.close()


def newest(mouse):
    samples = mouse.take(time.monotonic_ns())
    return samples[-1] if samples else None


def pushed(mouse) -> bool:
    return any(s.values[0] == 1.0 for s in mouse.take(time.monotonic_ns()))


def test_reports_become_axes_and_silence_stays_alive(port, mouse, wait_for, capsys):
    port.hid = Hid()
    mouse.start()
    assert mouse.fault() == ''
    first = wait_for(lambda: newest(mouse), what='a sample')
    assert first.values == (0.0,) * 6
    port.hid.reports.extend([AT_REST, FORWARD])
    wait_for(lambda: pushed(mouse), what='the push')
    wait_for(lambda: (s := newest(mouse)) and s.stamp_ns > first.stamp_ns, what='a fresh stamp')
    assert capsys.readouterr().out == ''


def test_what_is_held_when_the_device_is_opened_is_no_push(port, mouse, wait_for):
    port.hid = Hid()
    port.hid.reports.extend([FORWARD] * 20)
    mouse.start()
    wait_for(lambda: not port.hid.reports, what='the queue to be empty')
    port.hid.reports.extend([FORWARD] * 20)
    samples = []
    wait_for(lambda: samples.extend(mouse.take(0)) or len(samples) > 45, what='the samples')
    assert {s.values for s in samples} == {(0.0,) * 6}
    port.hid.reports.extend([AT_REST, FORWARD])
    wait_for(lambda: pushed(mouse), what='the next push')


def test_a_burst_is_seen_at_once_and_in_order(port, mouse, wait_for):
    port.hid = Hid()
    sizes = [35 * (i % 10) for i in range(200)]
    port.hid.reports.extend(b'\x01' + struct.pack('<3h', 0, -s, 0) for s in sizes)
    mouse.start()
    wait_for(lambda: not port.hid.reports, what='the queue to be empty')
    seen = []
    wait_for(lambda: seen.extend(mouse.take(0)) or len(seen) > len(sizes), what='the samples')
    assert [round(350 * s.values[0]) for s in seen[: len(sizes)]] == sizes


def test_unplugged_and_back(port, mouse, wait_for):
    mouse.start()
    assert 'plug one in' in mouse.fault()
    port.hid = Hid()
    wait_for(lambda: not mouse.fault(), what='the device')
    port.hid.reports.extend([AT_REST, FORWARD])
    wait_for(lambda: pushed(mouse), what='the push')
    lost = port.hid
    lost.plugged = False
    wait_for(mouse.fault, what='the loss')
    assert mouse.take(time.monotonic_ns()) == []
    wait_for(lambda: lost.closed, what='the device to be given back')
    port.hid = Hid()
    wait_for(lambda: not mouse.fault(), what='the device again')
    back = wait_for(lambda: newest(mouse), what='a sample')
    assert back.values == (0.0,) * 6


def test_close_ends_the_thread_and_gives_the_device_back(port, mouse, wait_for):
    port.hid = Hid()
    mouse.start()
    mouse.close()
    mouse.close()
    assert port.hid.closed
    assert not mouse._thread.is_alive()


def test_no_permission_names_the_udev_rule(monkeypatch):
    with pytest.raises(SpaceMouseError) as error:
        open_first(lambda: [Hid(opens=False)])
    rule = 'SUBSYSTEM=="hidraw", ATTRS{idVendor}=="046d", ATTRS{idProduct}=="c626", MODE="0660"'
    assert rule in str(error.value)
    assert '\n' not in str(error.value)


def test_the_next_device_is_tried_if_the_first_does_not_open():
    opened = open_first(lambda: [Hid(opens=False), Hid()])
    assert opened.name == 'SpaceNavigator'


def test_other_hid_devices_are_left_alone():
    other = SimpleNamespace(vendor_id=1, product_id=2)
    with pytest.raises(SpaceMouseError, match='plug one in'):
        open_first(lambda: [other])


def test_missing_libhidapi_names_the_package(monkeypatch):
    import easyhid

    def enumeration():
        raise AttributeError('undefined symbol: hid_enumerate')

    monkeypatch.setattr(easyhid, 'Enumeration', enumeration)
    mouse = SpaceMouse()
    with pytest.raises(DependencyError, match='apt install libhidapi-hidraw0'):
        mouse.start()
    mouse.close()


def test_missing_pyspacemouse_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyspacemouse', None)
    with pytest.raises(DependencyError, match='pip install pyspacemouse'):
        spacemouse.SpaceMouse().start()


def test_a_device_is_recorded_as_it_is_read(tmp_path):
    path = tmp_path / 'taken.jsonl'
    times = iter([10.0, 11.0, 12.0, 13.0, 14.0])
    recorder = Recorder(path, lambda: next(times))
    hid = Hid()
    mouse = open_first(lambda: [Hid(opens=False), hid], recorder.tap)
    hid.reports.extend([FORWARD, b'\x03\x01'])
    for _ in range(3):
        mouse.read()
    hid.plugged = False
    with pytest.raises(Exception, match='Failed to read'):
        mouse.read()
    open_first(lambda: [Hid()], recorder.tap)
    recording = read_recording(path)
    assert recording.model == 'SpaceNavigator'
    assert [(e.time, e.report[:2], e.event) for e in recording.entries] == [
        (1.0, FORWARD[:2], ''),
        (2.0, b'\x03\x01', ''),
        (3.0, b'', 'unplug'),
        (4.0, b'', 'plug'),
    ]


def test_a_recording_that_cannot_be_written(tmp_path):
    with pytest.raises(ConfigError, match='cannot be written'):
        Recorder(tmp_path / 'missing' / 'file.jsonl', time.monotonic)
