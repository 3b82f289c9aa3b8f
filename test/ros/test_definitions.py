# SPDX-License-Identifier: Apache-2.0
"""Definitions of message types: against the hashes that ROS itself has generated."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from frs_ros.errors import DataError
from frs_ros.ros import definitions
from frs_ros.ros.definitions import definition, message_class

PACKAGES = ('std_msgs', 'geometry_msgs', 'sensor_msgs', 'diagnostic_msgs', 'frs_ros')
RECORDED = ('frs_ros/msg/SteeringReport', 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo')


def generated() -> dict[str, str]:
    """Type -> hash, from the descriptions that were generated with the messages."""
    hashes = {}
    for package in PACKAGES:
        for file in sorted((Path(sys.prefix) / 'share' / package / 'msg').glob('*.json')):
            for entry in json.loads(file.read_text())['type_hashes']:
                hashes[entry['type_name']] = entry['hash_string']
    return hashes


def test_hashes_are_those_that_ros_has_generated():
    hashes = generated()
    if not hashes:
        pytest.skip('the message packages are not below sys.prefix')
    assert {name: definition(name).hash for name in hashes} == hashes


@pytest.mark.parametrize('installed', [True, False])
@pytest.mark.parametrize('type_name', RECORDED)
def test_a_stranger_can_decode_with_the_text(monkeypatch, type_name, installed):
    msg = pytest.importorskip('rosbags.typesys')
    if not installed:
        monkeypatch.setattr(definitions, '_installed', lambda type_name: '')
    definition.cache_clear()
    types = msg.get_types_from_msg(definition(type_name).text, type_name)
    definition.cache_clear()
    fields = [name for name, _ in types[type_name][1]]
    assert fields == list(message_class(type_name).get_fields_and_field_types())
    assert 'std_msgs/msg/Header' in types
    assert 'builtin_interfaces/msg/Time' in types


class Fake:
    """A class as rosidl generates it, of every kind of field."""

    @staticmethod
    def get_fields_and_field_types() -> dict[str, str]:
        return {
            'a': 'boolean',
            'b': 'octet',
            'c': 'sequence<float>',
            'd': 'sequence<string<7>, 4>',
            'e': 'double[9]',
            'f': 'sequence<std_msgs/Header, 2>',
            'g': 'wstring',
        }


def test_every_kind_of_field_is_written_as_in_a_msg_file(monkeypatch):
    monkeypatch.setattr(definitions, 'message_class', lambda name: Fake)
    assert definitions._text('nowhere/msg/Fake').splitlines() == [
        'bool a',
        'byte b',
        'float32[] c',
        'string<=7[<=4] d',
        'float64[9] e',
        'std_msgs/Header[<=2] f',
        'wstring g',
    ]


@pytest.mark.parametrize('name', ['nowhere/msg/X', 'std_msgs/msg/Nothing', 'String', ''])
def test_a_type_that_is_not_installed_is_named(name):
    with pytest.raises(DataError, match=f"'{name}' is not installed"):
        definition(name)


@pytest.mark.parametrize(
    'name',
    [
        'evilpkg/msg/A',
        'evilpkg.inner/msg/A',
        'evilpkg/srv/A',
        'evilpkg/msg/sub.A',
        'evilpkg/msg/_a',
        '../evilpkg/msg/A',
        '.evilpkg/msg/A',
        'std_msgs/msg/String/x',
        'json/msg/A',
        'msg/A',
        '',
        '\x1b[2J' * 1000,
    ],
)
def test_code_of_the_current_folder_is_not_run(name, tmp_path, monkeypatch):
    package = tmp_path / 'evilpkg'
    package.mkdir()
    code = f'from pathlib import Path\nPath({str(tmp_path / "ran")!r}).touch()\nclass A: ...'
    for file in ('__init__.py', 'msg.py', 'srv.py', 'inner.py'):
        (package / file).write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend('')
    with pytest.raises(DataError) as caught:
        message_class(name)
    assert not (tmp_path / 'ran').exists()
    assert len(str(caught.value)) < 250


def test_packages_of_a_workspace_are_found(tmp_path, monkeypatch):
    """As colcon installs them: below a prefix that AMENT_PREFIX_PATH names."""
    python = tmp_path / 'ws' / 'lib' / 'python' / 'site-packages'
    (python / 'my_msgs').mkdir(parents=True)
    (python / 'my_msgs' / '__init__.py').write_text('')
    (python / 'my_msgs' / 'msg.py').write_text('class A: ...')
    index = tmp_path / 'ws' / 'share' / 'ament_index' / 'resource_index' / 'rosidl_interfaces'
    index.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(python))
    with pytest.raises(DataError, match='not installed here'):
        message_class('my_msgs/msg/A')
    (index / 'my_msgs').write_text('msg/A.msg')
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'/nowhere{os.pathsep}{tmp_path / "ws"}')
    assert message_class('my_msgs/msg/A').__name__ == 'A'
    monkeypatch.delitem(sys.modules, 'my_msgs')
    monkeypatch.delitem(sys.modules, 'my_msgs.msg')
