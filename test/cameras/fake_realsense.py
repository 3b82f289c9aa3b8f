# SPDX-License-Identifier: Apache-2.0
"""Stands in for the module pyrealsense2: cameras that fail in the ways the real ones do."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import numpy as np

HEIGHT, WIDTH = 48, 64


class FakeDevice:
    """A camera on the bus; also its sensor and its playback-free profile.

    Attributes:
        silent: Delivers no frames.
        present: Whether the bus shows it.
        hang_stop: Set to let a hanging `stop` go on; None if stop does not hang.
        resets: Times of hardware_reset.
        on_reset: Called by a reset.
    """

    def __init__(self, serial: str, usb: str = '3.2', domain: str = 'global_time') -> None:
        self.serial, self.usb, self.domain = serial, usb, domain
        self.silent, self.present = False, True
        self.hang_stop: threading.Event | None = None
        self.resets: list[float] = []
        self.on_reset = lambda: None
        self.options: dict[str, float] = {}
        self.depth_scale = 0.001
        self.numbers = itertools.count()
        self.starts = 0

    def get_info(self, what: str) -> str:
        if not self.present:
            raise RuntimeError('device disconnected')
        return {'serial_number': self.serial, 'usb_type_descriptor': self.usb}[what]

    def supports(self, what: str) -> bool:
        return what in ('usb_type_descriptor', 'global_time_enabled')

    def query_sensors(self):
        return [self]

    def first_depth_sensor(self):
        return self

    def get_depth_scale(self) -> float:
        return self.depth_scale

    def set_option(self, option: str, value: float) -> None:
        self.options[option] = value

    def hardware_reset(self) -> None:
        self.resets.append(time.monotonic())
        self.on_reset()


class FakeFrame:
    def __init__(self, data, number, stamp_ms, domain):
        self._data, self._number, self._stamp, self._domain = data, number, stamp_ms, domain

    def get_data(self):
        return self._data

    def get_frame_number(self):
        return self._number

    def get_timestamp(self):
        return self._stamp

    def get_frame_timestamp_domain(self):
        return self._domain


class FakePipeline:
    def __init__(self, module):
        self._module = module
        self.device = None

    def start(self, config):
        device = next((d for d in self._module.bus() if d.serial == config.serial), None)
        if device is None:
            raise RuntimeError('No device connected')
        device.starts += 1
        self.device, self._depth = device, 'depth' in config.streams
        return self

    def get_device(self):
        return self.device

    def get_stream(self, stream):
        return self

    def as_video_stream_profile(self):
        return self

    def get_intrinsics(self):
        return SimpleNamespace(
            width=WIDTH, height=HEIGHT, fx=60.0, fy=61.0, ppx=31.0, ppy=23.0, coeffs=[0.1] * 5
        )

    def try_wait_for_frames(self, timeout_ms):
        device = self.device
        time.sleep(0.005)
        if device.silent or not device.present:
            time.sleep(min(timeout_ms, 20) / 1000)
            return False, None
        number = next(device.numbers)
        stamp_ms = 1e-6 * time.time_ns() if device.domain != 'hardware_clock' else 12.0
        color = np.full((HEIGHT, WIDTH, 3), number % 256, np.uint8)
        depth = np.full((HEIGHT, WIDTH), 1000 + number % 100, np.uint16)
        frames = SimpleNamespace(
            get_color_frame=lambda: FakeFrame(color, number, stamp_ms, device.domain),
            get_depth_frame=lambda: FakeFrame(depth, number, stamp_ms, device.domain),
        )
        return True, frames

    def stop(self):
        if self.device.hang_stop is not None:
            self.device.hang_stop.wait()


class FakeConfig:
    def __init__(self):
        self.serial, self.streams = None, {}

    def enable_device(self, serial):
        self.serial = serial

    def enable_stream(self, stream, *what):
        self.streams[stream] = what


class FakeRealSense:
    """The module. Enumerations are words."""

    stream = SimpleNamespace(color='color', depth='depth')
    format = SimpleNamespace(rgb8='rgb8', z16='z16')
    option = SimpleNamespace(global_time_enabled='global_time_enabled')
    camera_info = SimpleNamespace(
        serial_number='serial_number', usb_type_descriptor='usb_type_descriptor'
    )
    timestamp_domain = SimpleNamespace(
        global_time='global_time', system_time='system_time', hardware_clock='hardware_clock'
    )
    config = FakeConfig

    def __init__(self, *devices: FakeDevice) -> None:
        self.devices = list(devices)

    def bus(self) -> list[FakeDevice]:
        return [d for d in self.devices if d.present]

    def context(self):
        return SimpleNamespace(query_devices=self.bus)

    def pipeline(self):
        return FakePipeline(self)

    def align(self, stream):
        return SimpleNamespace(process=lambda frames: frames)
