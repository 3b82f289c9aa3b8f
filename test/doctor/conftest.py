# SPDX-License-Identifier: Apache-2.0
"""A machine of dictionaries, good in everything unless a test takes something away."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass, field

import pytest

from frs_ros.doctor.examination import examine
from frs_ros.doctor.finding import PARTS, Options
from frs_ros.doctor.probe import MARK
from frs_ros.doctor.system import Output


@dataclass
class FakeSystem:
    """A `System` that answers from dictionaries.

    Attributes:
        texts: Content of files; their paths are also what `find` finds.
        answers: Probe -> its result, an exception text {'error': ...}, or a whole `Output`.
        commands: First word of a command -> its output.
    """

    environment: dict = field(default_factory=dict)
    python: tuple = (3, 12, 3)
    texts: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)
    commands: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    contents: dict = field(default_factory=dict)
    libraries: set = field(default_factory=set)
    limits: dict = field(default_factory=dict)
    members: set = field(default_factory=set)
    uname: tuple = ('', '')
    encoding: str = 'utf-8'
    space: dict = field(default_factory=dict)
    forbidden: set = field(default_factory=set)
    ran: list = field(default_factory=list)

    def read(self, path):
        return self.texts.get(path)

    def find(self, pattern):
        return sorted(p for p in self.texts if fnmatch.fnmatch(p, pattern))

    def accessible(self, path):
        return path not in self.forbidden

    def run(self, command, timeout):
        self.ran.append((tuple(command), timeout))
        if command[2:3] == ['frs_ros.doctor.probe']:
            answer = self.answers[command[3]]
            if isinstance(answer, Output):
                return answer
            if command[3] == 'modules':
                answer = {name: answer.get(name, '1.0') for name in command[4:]}
            return Output(0, f'chatter of the library\n{MARK}{json.dumps(answer)}\n')
        return self.commands.get(command[0], Output(None, err=f'{command[0]}: not there'))

    def version(self, distribution):
        return self.versions.get(distribution)

    def files(self, distribution):
        return self.contents.get(distribution, [])

    def library(self, name):
        return name in self.libraries

    def limit(self, name):
        return self.limits[name]

    def groups(self):
        return self.members

    def kernel(self):
        return self.uname

    def free(self, path):
        return self.space.get(path)


@pytest.fixture
def machine():
    """A real-time workstation on which everything is as it should be."""
    versions = {'franky-control': '2.0.0', 'franky-sim': '1.0.4', 'pyspacemouse': '2.1.0'}
    bundled = ['franky_control.libs/libfranka-b351eea7.so.0.21.2', 'franky/__init__.py']
    messages = ['ActionChunk', 'Guidance']
    card = {'name': 'NVIDIA Test', 'free': 20 * 2**30, 'total': 24 * 2**30}
    camera = {'name': 'Intel RealSense D435', 'serial': '123456789', 'usb': '3.2'}
    camera |= {'firmware': '5.16.0.1', 'recommended': '5.16.0.1'}
    return FakeSystem(
        environment={'ROS_DISTRO': 'jazzy'},
        texts={
            '/proc/meminfo': 'MemTotal: 64 kB\nMemAvailable:   32000000 kB',
            '/sys/kernel/realtime': '1',
            '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'performance',
            '/etc/udev/rules.d/70-frs-ros.rules': 'ATTRS{idVendor}=="256f", TAG+="uaccess"',
            '/etc/udev/rules.d/99-realsense-libusb.rules': 'ATTRS{idProduct}=="0b07"',
            '/sys/class/hidraw/hidraw3/device/uevent': 'HID_ID=0003:0000256F:0000C635\n'
            'HID_NAME=3Dconnexion SpaceMouse Compact',
            '/dev/v4l/by-id/usb-046d_C920-video-index0': '',
        },
        answers={
            'modules': {'pinocchio': '4.1.0'},
            'middleware': {'rmw': 'rmw_fastrtps_cpp', 'file': '/opt/ros/x', 'messages': messages},
            'render': {'version': '3.8.1', 'gl': 'egl', 'drawn': True},
            'libero': {'stock': '/assets'},
            'torch': {'version': '2.13.0', 'cuda': '13.0', 'cards': [card]},
            'realsense': {'version': '2.59.1', 'cameras': [camera]},
            'spacemouse': {'devices': ['SpaceMouseCompact']},
            'robot': {'mode': 'Idle', 'errors': [], 'gripper': 0.08, 'gripper_line': ''},
        },
        commands={'nvidia-smi': Output(0, '580.1, NVIDIA Test, 24576 MiB\n')},
        versions=versions,
        contents={'franky-control': bundled},
        libraries={'usb-1.0', 'hidapi-hidraw'},
        limits={'rtprio': 99, 'memlock': 102_400 * 1024},
        members={'realtime', 'video'},
        uname=('6.8.1-1015-realtime', '#16-Ubuntu SMP PREEMPT_RT Wed'),
        space={'.': 50e9, '~': 50e9, '/dev/shm': 8e9},
    )


@pytest.fixture
def findings(machine):
    """Finds on the fake machine: `findings('arm')` -> {name: finding}; all parts without words."""

    def find(*parts, robot='', joint_states='', needed=tuple(PARTS), **more):
        options = Options(robot, joint_states)
        found = examine(machine, options, parts or tuple(PARTS), needed, **more)
        return {finding.name: finding for _, group in found for finding in group}

    return find
