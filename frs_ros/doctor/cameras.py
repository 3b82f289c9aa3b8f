# SPDX-License-Identifier: Apache-2.0
"""RealSense and other USB cameras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.fixes import cell_packages
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System
from frs_ros.doctor.usb import plugged_in, rule_files

_PART = Part('cameras')
_RULES = (
    'install 99-realsense-libusb.rules of librealsense (github.com/realsenseai/librealsense, '
    'config/), then: sudo udevadm control --reload-rules; sudo udevadm trigger'
)


def realsense(system: System, options: Options) -> Iterator[Finding]:
    """Library and cameras."""
    if system.library('usb-1.0'):
        yield _PART.ok('libusb', 'there')
    else:
        yield _PART.fail('libusb', 'not found', 'sudo apt-get install libusb-1.0-0')
    try:
        found = probe(system, 'realsense')
    except ProbeFailed as error:
        yield _PART.fail('pyrealsense2', str(error), cell_packages(system))
        yield _PART.skip('RealSense', 'not looked at: pyrealsense2 comes first')
        return
    yield _PART.ok('pyrealsense2', found['version'])
    plugged = plugged_in(system, 'realsense')
    if not found['cameras'] and plugged:
        what = f'{len(plugged)} on the USB, but the library sees none: in use, or no permission'
        yield _PART.fail('RealSense', what, f'end other programs; {_RULES}')
    elif not found['cameras']:
        yield _PART.warn('RealSense', 'no camera found', 'plug one in, on USB 3')
    for camera in found['cameras']:
        yield from _camera(camera)


def _camera(camera: dict[str, Any]) -> Iterator[Finding]:
    """Speed and firmware of one camera."""
    name = camera['serial'] or 'no serial'
    speed = f'USB {camera["usb"]}' if camera['usb'] else 'not on USB'
    what = f'{camera["name"]}, firmware {camera["firmware"] or "unknown"}, {speed}'
    if camera['usb'].startswith(('1', '2')):
        fix = 'use a USB 3 port and cable, no hub; at USB 2 frames are dropped'
        yield _PART.warn(name, what, fix)
    else:
        yield _PART.ok(name, what)
    have, wanted = _number(camera['firmware']), _number(camera['recommended'])
    if have and wanted and have < wanted:
        what = f'firmware {camera["firmware"]} is older than {camera["recommended"]}'
        yield _PART.warn(f'{name} firmware', what, 'update it with realsense-viewer')


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split('.') if word.isdecimal())


def rules(system: System, options: Options) -> Iterator[Finding]:
    """Whether a user who is not root may open a RealSense."""
    files = rule_files(system, 'realsense', '"0b07"', '"0b3a"', '"0b5b"')
    if files:
        yield _PART.ok('udev rules', files[0])
    else:
        yield _PART.warn('udev rules', 'none for RealSense: only root can open one', _RULES)


def uvc(system: System, options: Options) -> Iterator[Finding]:
    """Other USB cameras, by the name that stays the same."""
    paths = system.find('/dev/v4l/by-id/*-video-index0')
    if not paths:
        yield _PART.skip('USB cameras', 'none in /dev/v4l/by-id')
    for path in paths:
        if system.accessible(path):
            yield _PART.ok('USB camera', path)
        else:
            fix = 'sudo usermod -aG video $USER; log in again'
            yield _PART.fail('USB camera', f'{path}: no permission', fix)


CHECKS = (realsense, rules, uvc)
