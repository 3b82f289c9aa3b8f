# SPDX-License-Identifier: Apache-2.0
"""The SpaceMouse: library, permissions, device. A keyboard needs none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.fixes import cell_packages
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System
from frs_ros.doctor.usb import rule_files

_PART = Part('guidance')
_RULES = (
    'sudo cp config/udev/70-frs-ros.rules /etc/udev/rules.d/; sudo udevadm control '
    '--reload-rules; sudo udevadm trigger; plug the device in again'
)
_OWN_VENDOR = '256F'  # 3Dconnexion
# SpaceMouse models of the time when Logitech (046d) sold them; its other products are not ours.
_LOGITECH_MODELS = {'C625', 'C626', 'C627', 'C628', 'C629', 'C62B'}
_HID_ID = re.compile(r'^HID_ID=\w+:\w*?(\w{4}):\w*?(\w{4})$', re.M)
_HID_NAME = re.compile(r'^HID_NAME=(.+)$', re.M)


def libraries(system: System, options: Options) -> Iterator[Finding]:
    """libhidapi, and pyspacemouse that uses it."""
    hidapi = system.library('hidapi-hidraw')  # the only one that easyhid looks for
    if hidapi:
        yield _PART.ok('libhidapi', 'there')
    else:
        yield _PART.fail('libhidapi', 'not found', 'sudo apt-get install libhidapi-hidraw0')
    version = system.version('pyspacemouse')
    if version is None:
        yield _PART.fail('pyspacemouse', 'not installed', cell_packages(system))
    elif int(version.split('.')[0]) < 2:
        what = f'{version}: has no axis conventions'
        yield _PART.fail('pyspacemouse', what, 'pip install "pyspacemouse>=2.1"')
    elif not hidapi:
        yield _PART.skip('pyspacemouse', f'{version}, not tried: libhidapi comes first')
    else:
        yield from _ask(system, version)


def _ask(system: System, version: str) -> Iterator[Finding]:
    try:
        found = probe(system, 'spacemouse')
    except ProbeFailed as error:
        yield _PART.fail('pyspacemouse', f'{version}: {error}', cell_packages(system))
    else:
        yield _PART.ok('pyspacemouse', f'{version}, sees {len(found["devices"])} device(s)')


def devices(system: System, options: Options) -> Iterator[Finding]:
    """SpaceMouse devices as the kernel sees them, and whether this user may open them."""
    found = False
    for uevent in system.find('/sys/class/hidraw/*/device/uevent'):
        text = system.read(uevent) or ''
        ids = _HID_ID.search(text)
        if ids is None or not _is_spacemouse(ids[1].upper(), ids[2].upper()):
            continue
        found = True
        node = '/dev/' + uevent.split('/')[4]
        label = _HID_NAME.search(text)
        what = f'{label[1] if label else "SpaceMouse"}, {node}'
        if system.accessible(node):
            yield _PART.ok('SpaceMouse', what)
        else:
            yield _PART.fail('SpaceMouse', f'{what}: no permission', _RULES)
    if not found:
        yield _PART.warn('SpaceMouse', 'none plugged in', 'plug one in, or guide by the keyboard')


def _is_spacemouse(vendor: str, product: str) -> bool:
    return vendor == _OWN_VENDOR or (vendor == '046D' and product in _LOGITECH_MODELS)


def rules(system: System, options: Options) -> Iterator[Finding]:
    """Whether a user who is not root will be allowed to open one."""
    files = rule_files(system, '"256f"')
    if files:
        yield _PART.ok('udev rules', files[0])
    else:
        yield _PART.warn('udev rules', 'none for SpaceMouse: only root can open one', _RULES)


def rival(system: System, options: Options) -> Iterator[Finding]:
    """spacenavd, which takes the device for itself."""
    names = {system.read(path) for path in system.find('/proc/[0-9]*/comm')}
    if 'spacenavd' in names:
        fix = 'guide through /spacenav/twist, or: sudo systemctl stop spacenavd'
        yield _PART.warn('spacenavd', 'runs, and holds the device', fix)


CHECKS = (libraries, devices, rules, rival)
