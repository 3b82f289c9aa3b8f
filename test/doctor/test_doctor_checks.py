# SPDX-License-Identifier: Apache-2.0
"""Every check on machines that lack something: the level, and what the line names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frs_ros.doctor.arm import server_version
from frs_ros.doctor.finding import Level
from frs_ros.doctor.system import Output


def is_(finding, level, *words):
    """Whether a finding has this level and names these words, in its text or its fix."""
    text = f'{finding.what} {finding.fix}'
    assert finding.level.value == level, text
    assert [word for word in words if word not in text] == []


def test_good_machine_has_nothing_to_mend(findings):
    found = findings(robot='10.0.0.2')
    assert {f.name: f for f in found.values() if f.level in (Level.WARN, Level.FAIL)} == {}
    assert len(found) > 25


# ---- real time ----------------------------------------------------------------------------------


def test_ordinary_kernel_fails(machine, findings):
    del machine.texts['/sys/kernel/realtime']
    machine.uname = ('6.8.0-45-generic', '#45-Ubuntu SMP PREEMPT_DYNAMIC')
    is_(findings('realtime')['kernel'], 'fail', 'PREEMPT_DYNAMIC', 'realtime-kernel')


def test_kernel_that_only_says_so_fails_as_libfranka_would_refuse_it(machine, findings):
    machine.texts['/sys/kernel/realtime'] = '0'
    is_(findings('realtime')['kernel'], 'fail', '/sys/kernel/realtime', 'libfranka')


def test_low_limits_fail(machine, findings):
    machine.limits = {'rtprio': 0, 'memlock': 8192 * 1024}
    machine.members = {'video'}
    found = findings('realtime')
    is_(found['priority limit'], 'fail', 'rtprio 0', 'limits.conf')
    is_(found['memory lock'], 'fail', '8192 kB', '102400 kB')
    is_(found['group'], 'fail', 'realtime')


def test_capabilities_lift_the_limits_but_root_alone_does_not(machine, findings):
    machine.limits = {'rtprio': 0, 'memlock': 0}
    machine.members = {'root'}
    machine.texts['/proc/self/status'] = 'Name: x\nCapEff:\t00000000a80425fb\nNoNewPrivs: 0'
    is_(findings('realtime')['priority limit'], 'fail')  # Docker's default set
    machine.texts['/proc/self/status'] = 'Name: x\nCapEff:\t000001ffffffffff\nNoNewPrivs: 0'
    found = findings('realtime')
    is_(found['priority limit'], 'ok', 'CAP_SYS_NICE')
    is_(found['memory lock'], 'ok', 'CAP_IPC_LOCK')


def test_governor_that_saves_power_is_a_warning(machine, findings):
    path = '/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor'
    machine.texts[path] = 'powersave'
    is_(findings('realtime')['processor clock'], 'warn', 'powersave', 'cpupower')


def test_graphics_card_beside_the_control_loop_is_a_warning(machine, findings):
    machine.texts['/proc/driver/nvidia/version'] = 'NVRM version: 580.1'
    is_(findings('realtime')['other work'], 'warn', 'another machine')


# ---- arm ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('libfranka', 'server'),
    [('0.21.2', 10), ('0.18.0', 10), ('0.17.0', 9), ('0.14.2', 8), ('0.13.3', 7), ('0.8.0', 0)],
)
def test_server_version_of_a_libfranka(libfranka, server):
    assert server_version(libfranka) == server


def test_library_of_an_older_robot_says_so(machine, findings):
    machine.contents['franky-control'] = ['franky_control.libs/libfranka.so.0.9.2']
    is_(findings('arm')['libfranka'], 'ok', '0.9.2', 'robot server 5')


def test_franky_that_was_built_here_is_not_judged(machine, findings):
    machine.contents.clear()
    machine.versions.pop('franky-control')
    found = findings('arm')
    is_(found['franky'], 'ok', 'not from a wheel')
    is_(found['libfranka'], 'skip')


def test_missing_franky_and_pinocchio_fail_with_the_line_to_install_them(machine, findings):
    machine.answers['modules'] = {
        'franky': {'error': "No module named 'franky'"},
        'pinocchio': {'error': "No module named 'pinocchio'"},
    }
    found = findings('arm')
    is_(found['franky'], 'fail', 'requirements/robot.txt')
    is_(found['Pinocchio'], 'fail', 'pip install pin', 'apt-get')


def test_beside_the_numpy_of_a_ros_workstation_no_other_one_is_installed(machine, findings):
    machine.answers['modules'] = {'franky': {'error': "No module named 'franky'"}}
    machine.versions['numpy'] = '1.26.4'
    is_(findings('arm')['franky'], 'fail', "'numpy<2'", 'franky-control')


def test_robot_is_only_asked_when_named(machine, findings):
    is_(findings('arm')['robot'], 'skip', '--robot')
    assert not any('robot' in command for command, _ in machine.ran)


def test_version_mismatch_is_the_line_of_the_driver(machine, findings):
    machine.answers['robot'] = {'error': 'the robot speaks version 5 and this franky version 10'}
    is_(findings('arm', robot='10.0.0.2')['robot'], 'fail', 'version 5', 'docs/robot.md')


def test_robot_that_hangs_is_given_up(machine, findings):
    machine.answers['robot'] = Output(None, err='no end within 15 s')
    is_(findings('arm', robot='10.0.0.2')['robot'], 'fail', 'no end within')
    command, timeout = machine.ran[-2]
    assert command[-2] == '10.0.0.2'
    assert timeout < 30.0


def test_errors_of_the_robot_are_a_warning(machine, findings):
    machine.answers['robot'] |= {'mode': 'Reflex', 'errors': ['cartesian_reflex']}
    is_(findings('arm', robot='10.0.0.2')['robot errors'], 'warn', 'cartesian_reflex', 'recover')


def test_stop_button_and_missing_hand_are_warnings(machine, findings):
    line = 'no gripper: it does not answer'
    machine.answers['robot'] |= {'mode': 'UserStopped', 'gripper': 0.0, 'gripper_line': line}
    found = findings('arm', robot='10.0.0.2')
    is_(found['robot mode'], 'warn', 'stop button')
    is_(found['gripper'], 'warn', line, 'Franka Hand')


def test_joint_states_of_an_arm_that_others_drive(machine, findings):
    names = [f'fr3_joint{i}' for i in range(1, 8)]
    machine.answers['joint_states'] = {'names': names, 'rate': 998.7, 'publishers': 1}
    found = findings('arm', joint_states='/franka/joint_states')
    is_(found['joint states'], 'ok', '/franka/joint_states: 999 Hz', 'fr3_joint7')
    is_(found['franky'], 'skip', 'not needed')
    machine.answers['joint_states'] |= {'rate': 29.6}
    found = findings('arm', joint_states='/joint_states')
    is_(found['joint states'], 'fail', '30 Hz', 'broadcaster itself')
    machine.answers['joint_states'] = {'names': [], 'rate': 0.0, 'publishers': 0}
    found = findings('arm', joint_states='/joint_states')
    is_(found['joint states'], 'fail', 'nothing on /joint_states: 0 publishers')
    assert 'joint states' not in findings('arm')


# ---- cameras ------------------------------------------------------------------------------------


def test_camera_on_usb_2_is_a_warning(machine, findings):
    machine.answers['realsense']['cameras'][0]['usb'] = '2.1'
    is_(findings('cameras')['123456789'], 'warn', 'USB 2.1', 'USB 3 port')


def test_old_firmware_is_compared_by_number(machine, findings):
    camera = machine.answers['realsense']['cameras'][0]
    camera |= {'firmware': '5.9.0.1', 'recommended': '5.16.0.1'}
    is_(findings('cameras')['123456789 firmware'], 'warn', '5.9.0.1', '5.16.0.1')


def test_missing_libusb_names_its_package(machine, findings):
    machine.libraries.discard('usb-1.0')
    machine.answers['realsense'] = {'error': 'ImportError: libusb-1.0.so.0: cannot open'}
    found = findings('cameras')
    is_(found['libusb'], 'fail', 'apt-get install libusb-1.0-0')
    is_(found['pyrealsense2'], 'fail', 'libusb')
    is_(found['RealSense'], 'skip')


def test_camera_that_only_the_kernel_sees_fails(machine, findings):
    machine.answers['realsense']['cameras'] = []
    is_(findings('cameras')['RealSense'], 'warn', 'plug one in')
    machine.texts['/sys/bus/usb/devices/2-1/product'] = 'Intel(R) RealSense(TM) Depth Camera 435'
    is_(findings('cameras')['RealSense'], 'fail', 'permission', 'udevadm')


def test_rule_in_a_comment_is_none(machine, findings):
    path = '/etc/udev/rules.d/99-realsense-libusb.rules'
    machine.texts[path] = '# ATTRS{idProduct}=="0b07"'
    is_(findings('cameras')['udev rules'], 'warn', 'udevadm')


def test_usb_camera_without_permission_fails(machine, findings):
    machine.forbidden.add('/dev/v4l/by-id/usb-046d_C920-video-index0')
    is_(findings('cameras')['USB camera'], 'fail', 'usermod -aG video')


# ---- guidance -----------------------------------------------------------------------------------


def test_missing_libhidapi_names_its_package_and_nothing_is_claimed_of_the_library(
    machine, findings
):
    machine.libraries.discard('hidapi-hidraw')
    found = findings('guidance')
    is_(found['libhidapi'], 'fail', 'apt-get install libhidapi-hidraw0')
    is_(found['pyspacemouse'], 'skip', 'not tried')


def test_pyspacemouse_1_fails(machine, findings):
    machine.versions['pyspacemouse'] = '1.1.4'
    is_(findings('guidance')['pyspacemouse'], 'fail', '1.1.4', '>=2.1')


def test_spacemouse_without_permission_fails(machine, findings):
    machine.forbidden.add('/dev/hidraw3')
    is_(findings('guidance')['SpaceMouse'], 'fail', '/dev/hidraw3', '70-frs-ros.rules')


@pytest.mark.parametrize(
    ('identity', 'level'),
    [('0003:0000046D:0000C626', 'ok'), ('0003:0000046D:0000C52B', 'warn')],
    ids=['SpaceNavigator', 'keyboard receiver'],
)
def test_of_logitech_only_space_mice_count(machine, findings, identity, level):
    uevent = '/sys/class/hidraw/hidraw3/device/uevent'
    machine.texts[uevent] = f'HID_ID={identity}\nHID_NAME=Something'
    is_(findings('guidance')['SpaceMouse'], level)


def test_spacenavd_is_named(machine, findings):
    machine.texts['/proc/812/comm'] = 'spacenavd'
    is_(findings('guidance')['spacenavd'], 'warn', '/spacenav/twist')


# ---- ROS ----------------------------------------------------------------------------------------


def test_missing_rclpy_fails_and_nothing_is_claimed_of_messages(machine, findings):
    machine.answers['middleware'] = {'error': "No module named 'rclpy'", 'missing': 'rclpy'}
    found = findings('ros')
    is_(found['rclpy'], 'fail', 'source /opt/ros')
    is_(found['messages'], 'skip')


def test_middleware_that_is_not_installed_is_named(machine, findings):
    machine.environment['RMW_IMPLEMENTATION'] = 'rmw_other_cpp'
    machine.answers['middleware'] = {'error': 'RCLError: could not load rmw_other_cpp'}
    is_(findings('ros')['rclpy'], 'fail', 'rmw_other_cpp', 'unset RMW_IMPLEMENTATION')


def test_messages_that_are_missing_or_old_fail(machine, findings, monkeypatch):
    monkeypatch.setattr('frs_ros.doctor.ros_graph.MESSAGES', Path('/msg'))
    machine.texts |= {'/msg/Guidance.msg': '', '/msg/SafetyStatus.msg': ''}
    is_(findings('ros')['messages'], 'fail', 'SafetyStatus', 'colcon build')
    machine.answers['middleware'] |= {'messages': None, 'reason': "No module named 'frs_ros.msg'"}
    is_(findings('ros')['messages'], 'fail', 'not built')


def test_two_installations_of_ros_are_a_warning(machine, findings):
    machine.versions['ros-rclpy'] = '9.1.2'
    is_(findings('ros')['rclpy'], 'warn', 'jazzy', '9.1.2')


@pytest.mark.parametrize(
    ('value', 'level'),
    [('', 'ok'), ('42', 'ok'), ('150', 'warn'), ('233', 'fail'), ('-1', 'fail'), ('lab', 'fail')],
)
def test_domain(machine, findings, value, level):
    machine.environment['ROS_DOMAIN_ID'] = value
    is_(findings('ros')['domain'], level, value or '0')


@pytest.mark.parametrize(
    ('value', 'level', 'words'),
    [
        ('', 'ok', 'our nodes keep to this machine'),
        ('LOCALHOST', 'ok', 'this machine only'),
        ('SUBNET', 'ok', 'seen by it'),
        ('SYSTEM_DEFAULT', 'ok', 'middleware'),
        ('OFF', 'fail', 'do not find each other'),
        ('localhost', 'fail', "'localhost'"),
    ],
)
def test_discovery_range(machine, findings, value, level, words):
    machine.environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] = value
    is_(findings('ros')['discovery range'], level, words)


def test_peers_and_old_variable_are_named(machine, findings):
    machine.environment['ROS_STATIC_PEERS'] = '10.0.0.9'
    is_(findings('ros')['discovery range'], 'ok', '10.0.0.9')
    machine.environment['ROS_LOCALHOST_ONLY'] = '1'
    is_(findings('ros')['discovery range'], 'warn', 'ROS_LOCALHOST_ONLY')


def test_zenoh_ignores_the_range(machine, findings):
    machine.environment['RMW_IMPLEMENTATION'] = 'rmw_zenoh_cpp'
    is_(findings('ros')['zenoh'], 'warn', 'ZENOH_SESSION_CONFIG_URI')


# ---- machine, Python, policy, simulator ---------------------------------------------------------


def test_full_disk_and_small_shared_memory(machine, findings):
    machine.space = {'.': 0.1e9, '~': 2e9, '/dev/shm': 64e6}
    found = findings('machine')
    is_(found['disk here'], 'fail', '0.1 GB')
    is_(found['disk home'], 'warn', '2.0 GB')
    is_(found['shared memory'], 'warn', '64 MB', '--shm-size')


def test_other_python_fails(machine, findings):
    machine.python = (3, 13, 1)
    is_(findings('python')['interpreter'], 'fail', '3.13.1', 'make PYTHON=')


def test_broken_library_is_named(machine, findings):
    machine.answers['modules'] = {'cv2': {'error': 'libGL.so.1: cannot open shared object file'}}
    is_(findings('python')['cv2'], 'fail', 'libGL.so.1', 'opencv-python-headless')


def test_versions_are_compared_with_the_pins_of_this_python(machine, findings, monkeypatch):
    monkeypatch.setattr('frs_ros.doctor.python_packages.PINS', '/pins')
    machine.texts['/pins'] = (
        'numpy==2.4.6; python_version >= "3.11"  # new\n'
        'numpy==2.2.6; python_version < "3.11"  # old\n'
        'torch==2.13.0  # plain\nabsent==1.0  # not installed\n'
    )
    machine.versions |= {'numpy': '2.4.6', 'torch': '2.13.0+cpu'}
    is_(findings('python')['tested versions'], 'ok', 'all 2')
    machine.python = (3, 10, 12)
    is_(findings('python')['tested versions'], 'warn', 'numpy 2.4.6 (tested: 2.2.6)')
    del machine.texts['/pins']
    is_(findings('python')['tested versions'], 'skip')


def test_torch_without_a_card(machine, findings):
    machine.answers['torch'] = {'version': '2.13.0+cpu', 'cuda': '', 'cards': []}
    is_(findings('policy')['graphics card'], 'warn', '580.1', 'with CUDA')
    machine.commands.clear()
    is_(findings('policy')['graphics card'], 'skip', 'no NVIDIA driver')
    machine.texts['/proc/driver/nvidia/version'] = 'NVRM version: 580.1'
    is_(findings('policy')['graphics card'], 'warn', 'nvidia-smi does not answer')


def test_missing_torch_fails(machine, findings):
    machine.answers['torch'] = {'error': "No module named 'torch'", 'missing': 'torch'}
    found = findings('policy')
    is_(found['PyTorch'], 'fail', 'requirements/learn.txt')
    is_(found['graphics card'], 'skip')


def test_rendering_that_fails_or_draws_nothing(machine, findings):
    machine.answers['render'] = {'error': 'AttributeError: glGetError'}
    is_(findings('simulator')['images'], 'fail', 'glGetError', 'libosmesa6')
    machine.answers['render'] = {'version': '3.8.1', 'gl': 'egl', 'drawn': False}
    is_(findings('simulator')['images'], 'fail', 'empty')


def test_missing_stock_assets_are_a_warning(machine, findings):
    machine.answers['libero'] = {'stock': None}
    is_(findings('simulator')['assets'], 'warn', 'short suites only')


def test_rules_we_ship_allow_exactly_the_devices_we_look_for(repository):
    """Of Logitech, whose keyboards have the same vendor number, only single models."""
    from frs_ros.doctor.guidance import _LOGITECH_MODELS

    lines = (repository.root / 'config' / 'udev' / '70-frs-ros.rules').read_text().splitlines()
    rules = [line for line in lines if line.strip() and not line.startswith('#')]
    models = [re.search(r'"046d", ATTRS\{idProduct\}=="(\w+)"', line) for line in rules]
    assert {found[1].upper() for found in models if found} == _LOGITECH_MODELS
    assert [line for line, found in zip(rules, models) if not found] == [
        'SUBSYSTEM=="hidraw", ATTRS{idVendor}=="256f", MODE="0660", GROUP="input", TAG+="uaccess"'
    ]
