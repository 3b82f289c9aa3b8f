# SPDX-License-Identifier: Apache-2.0
"""franky, the robot behind an address or a topic, the simulated arm, kinematics."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frs_ros.doctor.finding import Finding, Options, Part
from frs_ros.doctor.fixes import cell_packages
from frs_ros.doctor.probe import ProbeFailed, imported, probe
from frs_ros.doctor.system import System

_PART = Part('arm')
CONNECT_TIMEOUT = 5.0  # s
LISTEN = 3.0  # s, to joint states
SLOWEST = 50.0  # Hz; watchdog.state_timeout of the cell files is 0.05 s
# First libfranka of a robot server version, newest first; libfranka's compatibility matrix.
SERVERS = (
    ((0, 18), 10),
    ((0, 15), 9),
    ((0, 14, 1), 8),
    ((0, 13, 3), 7),
    ((0, 10), 6),
    ((0, 9, 1), 5),
)


def server_version(libfranka: str) -> int:
    """Version of the robot server that a release of libfranka talks to, 0 if unknown."""
    number = tuple(int(word) for word in libfranka.split('.'))
    return next((server for first, server in SERVERS if number >= first), 0)


def library(system: System, options: Options) -> Iterator[Finding]:
    """franky, and the robot server version of the libfranka inside it."""
    if options.joint_states:
        yield _PART.skip('franky', 'not needed: others drive the arm (driver topics)')
        return
    version = system.version('franky-control')
    try:
        imported(system, 'franky')
    except ProbeFailed as error:
        fix = f'{cell_packages(system)} (other robots: docs/robot.md)'
        yield _PART.fail('franky', str(error), fix)
        return
    yield _PART.ok('franky', version or 'there, without a version (not from a wheel)')
    names = ' '.join(system.files('franky-control'))
    found = re.search(r'libfranka[-.\w]*?\.so\.(\d+\.\d+\.\d+)', names)
    if not found:
        yield _PART.skip('libfranka', 'not in the wheel: its version is only seen on connecting')
        return
    server = server_version(found[1])
    speaks = f'talks to robot server {server}' if server else 'too old for this list'
    yield _PART.ok('libfranka', f'{found[1]}, {speaks}')


def robot(system: System, options: Options) -> Iterator[Finding]:
    """The robot at the given address; connects, reads once, moves nothing."""
    if not options.robot:
        yield _PART.skip('robot', 'not asked for', 'frs doctor --robot ADDRESS')
        return
    try:
        found = probe(
            system, 'robot', options.robot, str(CONNECT_TIMEOUT), timeout=CONNECT_TIMEOUT + 10.0
        )
    except ProbeFailed as error:
        steps = 'docs/robot.md has the steps, one by one'
        fix = cell_packages(system) if error.missing else steps
        yield _PART.fail('robot', str(error), fix)
        return
    what = f'{options.robot} answers, mode {found["mode"]}'
    yield _PART.ok('robot', f'{what}; its robot server is of the version of our libfranka')
    if found['mode'] in ('UserStopped', 'Guiding'):
        yield _PART.warn('robot mode', found['mode'], 'release the stop button, leave guiding')
    if found['gripper']:
        yield _PART.ok('gripper', f'opens to {found["gripper"]:.3f} m')
    else:
        fix = 'attach and set up the Franka Hand in Desk; without it the arm works alone'
        yield _PART.warn('gripper', found['gripper_line'], fix)
    if found['errors']:
        what = f'the robot reports {", ".join(found["errors"])}'
        yield _PART.warn('robot errors', what, 'clear them in Desk, or with ~/recover')


def joint_states(system: System, options: Options) -> Iterator[Finding]:
    """The arm that others drive: what they say of its joints."""
    topic = options.joint_states
    if not topic:
        return
    try:
        found = probe(system, 'joint_states', topic, str(LISTEN), timeout=LISTEN + 20.0)
    except ProbeFailed as error:
        yield _PART.fail('joint states', str(error), 'frs doctor --part ros')
        return
    names = ', '.join(found['names'][:20])
    if not found['rate']:
        fix = 'activate joint_state_broadcaster, or name another topic (ros2 topic list)'
        what = f'nothing on {topic}: {found["publishers"]} publishers'
        yield _PART.fail('joint states', what, fix)
    elif found['rate'] < SLOWEST:
        fix = 'name the topic of the broadcaster itself, such as franka/joint_states'
        what = f'{topic}: {found["rate"]:.0f} Hz; the arm holds after 0.05 s without one'
        yield _PART.fail('joint states', f'{what}; {names}', fix)
    else:
        yield _PART.ok('joint states', f'{topic}: {found["rate"]:.0f} Hz; {names}')


def simulated(system: System, options: Options) -> Iterator[Finding]:
    """franky-sim, with which the cell runs without an arm."""
    version = system.version('franky-sim')
    if version is None:
        yield _PART.warn('franky-sim', 'not installed: no frs up droid_sim', cell_packages(system))
    else:
        yield _PART.ok('franky-sim', f'{version}, installed (not started here)')


def kinematics(system: System, options: Options) -> Iterator[Finding]:
    """Pinocchio."""
    try:
        version = imported(system, 'pinocchio')
    except ProbeFailed as error:
        fix = 'pip install pin, or sudo apt-get install ros-$ROS_DISTRO-pinocchio'
        yield _PART.fail('Pinocchio', str(error), fix)
    else:
        yield _PART.ok('Pinocchio', version)


CHECKS = (library, robot, joint_states, simulated, kinematics)
