# SPDX-License-Identifier: Apache-2.0
"""ROS 2: libraries, messages, and how far nodes reach."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.probe import ProbeFailed, probe
from frs_ros.doctor.system import System

_PART = Part('ros')
MESSAGES = Path(__file__).resolve().parents[2] / 'msg'  # beside the sources only
_BUILD = "run 'make setup', or colcon build on a machine with ROS 2"
DISCOVERY = 'discovery range'
_LOCALHOST = 'export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST'
HIGHEST_DOMAIN = 232  # of the DDS port scheme
SAFE_DOMAIN = 101  # above it the ports lie among those that Linux gives to others
RANGES = {
    '': 'not set: our nodes keep to this machine, other ROS programs reach the whole subnet',
    'LOCALHOST': 'nodes see this machine only',
    'SUBNET': 'nodes see the whole subnet, and are seen by it',
    'SYSTEM_DEFAULT': 'left to the settings of the middleware',
}


def libraries(system: System, options: Options) -> Iterator[Finding]:
    """The library rclpy with its middleware, and our messages."""
    wanted = system.environment.get('RMW_IMPLEMENTATION', '')
    try:
        found = probe(system, 'middleware', timeout=30.0)
    except ProbeFailed as error:
        fix = _BUILD if not wanted else f'install {wanted}, or unset RMW_IMPLEMENTATION'
        if error.missing:
            fix = f'source /opt/ros/DISTRIBUTION/setup.bash, or {_BUILD}'
        yield _PART.fail('rclpy', str(error), fix)
        yield _PART.skip('messages', 'not looked at: rclpy comes first')
        return
    yield _mixed(system, found['file']) or _PART.ok('rclpy', _version(system))
    how = 'RMW_IMPLEMENTATION' if wanted else 'default'
    yield _PART.ok('middleware', f'{found["rmw"]} ({how})')
    if found['messages'] is None:
        yield _PART.fail('messages', f'not built: {found["reason"]}', _BUILD)
        return
    defined = {Path(path).stem for path in system.find(str(MESSAGES / '*.msg'))}
    missing = sorted(defined - set(found['messages']))
    if missing:
        yield _PART.fail('messages', f'built without {", ".join(missing)}', _BUILD)
    else:
        yield _PART.ok('messages', f'{len(found["messages"])} built')


def _version(system: System) -> str:
    wheel = system.version('ros-rclpy')
    distribution = system.environment.get('ROS_DISTRO')
    return f'{wheel}, PyPI wheel' if wheel else f'ROS 2 {distribution or "without ROS_DISTRO"}'


def _mixed(system: System, file: str) -> Finding | None:
    """Two installations of ROS 2 in one environment."""
    distribution = system.environment.get('ROS_DISTRO')
    wheel = system.version('ros-rclpy')
    if not (distribution and wheel):
        return None
    what = f'ROS 2 {distribution} is sourced over the PyPI wheel {wheel}; {file} is used'
    return _PART.warn('rclpy', what, 'use one: a shell without that setup.bash, or no wheels')


def domain(system: System, options: Options) -> Iterator[Finding]:
    """ROS_DOMAIN_ID."""
    text = system.environment.get('ROS_DOMAIN_ID', '')
    if not text:
        yield _PART.ok('domain', '0, as ROS_DOMAIN_ID is not set')
    elif not text.isdecimal() or int(text) > HIGHEST_DOMAIN:
        what = f"ROS_DOMAIN_ID='{text}' is no domain"
        yield _PART.fail('domain', what, f'export ROS_DOMAIN_ID=N, N from 0 to {SAFE_DOMAIN}')
    elif int(text) > SAFE_DOMAIN:
        what = f'{text}: its ports may be taken by other programs'
        yield _PART.warn('domain', what, f'choose a domain from 0 to {SAFE_DOMAIN}')
    else:
        yield _PART.ok('domain', f'{text} (ROS_DOMAIN_ID)')


def discovery(system: System, options: Options) -> Iterator[Finding]:
    """How far nodes look for each other."""
    name = DISCOVERY
    value = system.environment.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '')
    peers = system.environment.get('ROS_STATIC_PEERS', '')
    if system.environment.get('ROS_LOCALHOST_ONLY') == '1':
        what = 'ROS_LOCALHOST_ONLY=1 (deprecated) overrides range and peers'
        yield _PART.warn(name, what, 'unset it; use ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST')
    elif value == 'OFF':
        what = 'OFF: nodes do not find each other, not even on this machine'
        yield _PART.fail(name, what, _LOCALHOST)
    elif value not in RANGES:
        what = f"'{value}' is none of {', '.join(filter(None, RANGES))}, OFF"
        yield _PART.fail(name, what, _LOCALHOST)
    else:
        also = f', and {peers} (ROS_STATIC_PEERS)' * bool(peers)
        yield _PART.ok(name, f'{value or "default"}: {RANGES[value]}{also}')
    if 'zenoh' in system.environment.get('RMW_IMPLEMENTATION', ''):
        what = 'rmw_zenoh knows neither the range nor the peers'
        yield _PART.warn('zenoh', what, 'set its own configuration (ZENOH_SESSION_CONFIG_URI)')


def locale(system: System, options: Options) -> Iterator[Finding]:
    """Whether words of a command line arrive as texts."""
    if system.encoding.lower().replace('-', '') == 'utf8':
        yield _PART.ok('locale', system.encoding)
    else:
        what = f'{system.encoding}: no other texts than ASCII, such as instructions'
        yield _PART.warn('locale', what, 'export LC_ALL=C.UTF-8')


CHECKS = (libraries, domain, discovery, locale)


def installed(system: System) -> Iterator[Finding]:
    """What is plainly missing of ROS, without a process: middleware that was asked for, messages.

    Complete is what `libraries` finds; this is for every start of a graph.
    """
    wanted = system.environment.get('RMW_IMPLEMENTATION', '')
    prefixes = [*system.environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep), sys.prefix]
    index = 'share/ament_index/resource_index/rmw_typesupport/*'
    paths = [path for prefix in prefixes if prefix for path in system.find(f'{prefix}/{index}')]
    found = {Path(path).name for path in paths} - {'rmw_implementation'}
    if wanted and found and wanted not in found:
        what = f"RMW_IMPLEMENTATION='{wanted}' is not installed, only {', '.join(sorted(found))}"
        yield _PART.fail('middleware', what, f'install {wanted}, or unset RMW_IMPLEMENTATION')
    built = system.read(str(Path(__file__).resolve().parents[1] / 'msg' / '__init__.py')) or ''
    names = {Path(path).stem for path in system.find(str(MESSAGES / '*.msg'))}
    missing = sorted(name for name in names if f'import {name} ' not in built)
    if missing:
        what = f'messages are not built: {", ".join(missing)}'
        yield _PART.fail('messages', what, _BUILD)
