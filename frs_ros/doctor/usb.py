# SPDX-License-Identifier: Apache-2.0
"""USB devices as the kernel sees them, and the rules of udev that decide who may use them."""

from __future__ import annotations

from frs_ros.doctor.system import System

_FOLDERS = ('/etc', '/run', '/usr/lib', '/lib')


def rule_files(system: System, *words: str) -> list[str]:
    """Rule files that hold one of the words outside of comments."""
    found = []
    for folder in _FOLDERS:
        for path in system.find(f'{folder}/udev/rules.d/*.rules'):
            lines = (system.read(path) or '').lower().splitlines()
            text = '\n'.join(line for line in lines if not line.lstrip().startswith('#'))
            if any(word in text for word in words):
                found.append(path)
    return found


def plugged_in(system: System, word: str) -> list[str]:
    """Product names of the USB devices that hold the word; needs no permission."""
    names = [system.read(path) or '' for path in system.find('/sys/bus/usb/devices/*/product')]
    return [name for name in names if word in name.lower()]
