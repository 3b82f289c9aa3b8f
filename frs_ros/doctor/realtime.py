# SPDX-License-Identifier: Apache-2.0
"""What libfranka's control loop of 1 kHz needs of kernel, user and processor.

Limits: libfranka's documentation, "Setting up the real-time kernel".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.system import System

_PART = Part('realtime')
_FLAG = '/sys/kernel/realtime'  # the only thing that libfranka looks at
RTPRIO = 99
MEMLOCK = 102_400 * 1024  # bytes; limits.conf has kB
_CAP_IPC_LOCK, _CAP_SYS_NICE = 14, 23  # linux/capability.h
_LIMITS_CONF = (
    '@realtime - rtprio 99 and @realtime - memlock 102400 in /etc/security/limits.conf, be in '
    'that group, log in again'
)
_KERNEL = 'Ubuntu: sudo pro enable realtime-kernel; Debian: linux-image-rt-amd64 (docs/robot.md)'


def kernel(system: System, options: Options) -> Iterator[Finding]:
    """Whether it is a real-time kernel, for libfranka and in fact."""
    release, version = system.kernel()
    claims = 'PREEMPT_RT' in version or 'PREEMPT RT' in version
    if system.read(_FLAG) == '1':
        yield _PART.ok('kernel', f'{release}, real-time')
        if system.read('/proc/driver/nvidia/version'):
            what = 'a graphics card works beside the control loop'
            yield _PART.warn('other work', what, 'run the policy server on another machine')
    elif claims:
        what = f'{release} says PREEMPT_RT, but {_FLAG} is not 1: libfranka will refuse it'
        yield _PART.fail('kernel', what, f'use a kernel with that file. {_KERNEL}')
    else:
        kind = 'PREEMPT_DYNAMIC' if 'PREEMPT_DYNAMIC' in version else 'no PREEMPT_RT'
        yield _PART.fail('kernel', f'{release} ({kind}) is not a real-time kernel', _KERNEL)


def limits(system: System, options: Options) -> Iterator[Finding]:
    """Whether this user may run real-time threads and lock memory."""
    rtprio, memlock = system.limit('rtprio'), system.limit('memlock')
    if _capable(system, _CAP_SYS_NICE):
        yield _PART.ok('priority limit', 'none (CAP_SYS_NICE)')
    elif rtprio == -1 or rtprio >= RTPRIO:
        yield _PART.ok('priority limit', 'none' if rtprio == -1 else str(rtprio))
    else:
        what = f'rtprio {rtprio}, needs {RTPRIO}'
        yield _PART.fail('priority limit', what, _LIMITS_CONF)
    if _capable(system, _CAP_IPC_LOCK):
        yield _PART.ok('memory lock', 'no limit (CAP_IPC_LOCK)')
    elif memlock == -1 or memlock >= MEMLOCK:
        yield _PART.ok('memory lock', 'no limit' if memlock == -1 else _kilobytes(memlock))
    else:
        what = f'memlock {_kilobytes(memlock)}, needs {_kilobytes(MEMLOCK)}'
        yield _PART.fail('memory lock', what, _LIMITS_CONF)


def group(system: System, options: Options) -> Iterator[Finding]:
    """Membership of the group that usually carries the limits."""
    rtprio = system.limit('rtprio')
    if 'realtime' in system.groups():
        yield _PART.ok('group', 'in realtime')
    elif rtprio == -1 or rtprio >= RTPRIO or _capable(system, _CAP_SYS_NICE):
        yield _PART.skip('group', 'not in realtime; the priority limit is right without it')
    else:
        fix = 'sudo groupadd -f realtime; sudo usermod -aG realtime $USER; log in again'
        yield _PART.fail('group', 'not in realtime', fix)


def _capable(system: System, bit: int) -> bool:
    """Whether this process has a capability; root in a container often lacks these."""
    found = re.search(r'^CapEff:\s*([0-9a-f]+)$', system.read('/proc/self/status') or '', re.M)
    return found is not None and bool(int(found[1], 16) >> bit & 1)


def governor(system: System, options: Options) -> Iterator[Finding]:
    """Whether the processor changes its clock."""
    paths = system.find('/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor')
    found = sorted({system.read(path) or 'unreadable' for path in paths})
    if not found:
        yield _PART.skip('processor clock', 'no governor here (virtual machine or fixed clock)')
    elif found == ['performance']:
        yield _PART.ok('processor clock', f'performance on {len(paths)} CPUs')
    else:
        fix = 'sudo cpupower frequency-set -g performance'
        yield _PART.warn('processor clock', f'governor {", ".join(found)}', fix)


def _kilobytes(limit: int) -> str:
    return f'{limit // 1024} kB'


CHECKS = (kernel, limits, group, governor)
