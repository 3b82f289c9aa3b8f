# SPDX-License-Identifier: Apache-2.0
"""Cell settings: the shipped files, and files that are wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import yaml

from frs_ros.arm.models import ARM_MODELS
from frs_ros.errors import ConfigError
from frs_ros.robot.settings import read_cell


@pytest.fixture
def folder(repository):
    return repository.root / 'config' / 'robots'


@pytest.fixture
def broken(folder, tmp_path):
    """Writes a copy of fr3.yaml with `section.key` set to a value; returns its path."""

    def write(key: str, value: object):
        data = yaml.safe_load((folder / 'fr3.yaml').read_text())
        *sections, last = key.split('.')
        target = data
        for name in sections:
            target = target[name]
        if value is None:
            del target[last]
        else:
            target[last] = value
        path = tmp_path / 'cell.yaml'
        path.write_text(yaml.safe_dump(data))
        return path

    return write


def test_there_is_a_file_for_every_model(folder):
    assert {p.stem for p in folder.glob('*.yaml')} == set(ARM_MODELS)


@pytest.mark.parametrize('name', ARM_MODELS)
def test_shipped_files_fit_their_model(folder, name):
    cell = read_cell(folder / f'{name}.yaml')
    assert cell.model is ARM_MODELS[name]
    np.testing.assert_allclose(cell.home.joints, cell.model.home, atol=1e-4)
    # what is not the robot's is no wider than the envelope's own defaults
    assert cell.envelope.joint_speed <= 0.5
    assert cell.envelope.tool_speed <= 0.25
    assert cell.watchdog.state_timeout == 0.05
    # 2.5 control periods at 15 Hz, then this: a stop within a second
    assert cell.watchdog.bridge_periods / 15.0 + cell.watchdog.stop_after < 1.0


@pytest.mark.parametrize('name', ARM_MODELS)
def test_start_position_is_inside_the_workspace(folder, name):
    pytest.importorskip('pinocchio')
    from frs_ros.arm.kinematics import PinocchioKinematics

    cell = read_cell(folder / f'{name}.yaml')
    tool = PinocchioKinematics.of_model(cell.model).pose(cell.home.joints)[:3, 3]
    box = cell.envelope.box
    assert (tool > box.low + box.soft).all()
    assert (tool < box.high - box.soft).all()


@pytest.mark.parametrize('name', ARM_MODELS)
def test_start_position_keeps_its_distances(folder, name):
    pytest.importorskip('pinocchio')
    from frs_ros.arm.kinematics import PinocchioKinematics

    cell = read_cell(folder / f'{name}.yaml')
    pairs = PinocchioKinematics.of_model(cell.model).pairs(cell.envelope.clearance)
    assert min(group.least(cell.home.joints) for group in pairs) > 0.003


def test_boxes_and_parts_reach_the_envelope(broken):
    box = {'low': [0.5, 0.4, 0], 'high': [0.6, 0.5, 0.9]}
    cell = read_cell(broken('clearance.boxes', {'stand': box}))
    np.testing.assert_array_equal(cell.envelope.clearance.boxes['stand'].high, [0.6, 0.5, 0.9])
    assert cell.envelope.clearance.links == 0.01


def test_every_value_is_commented(folder):
    for path in folder.glob('*.yaml'):
        explained = False
        for line in path.read_text().splitlines():
            if line.strip().startswith('#'):
                explained = True
            elif not line.strip():
                explained = False
            elif ':' in line:
                assert explained, f'{path.name}: nothing is said about {line.strip()}'


@pytest.mark.parametrize(
    ('key', 'value', 'words'),
    [
        ('model', 'ur5', "unknown robot 'ur5'; choose one of: fr3, panda"),
        ('speed', 1.0, "unknown key of the file 'speed'"),
        ('speeds.joints', 1.0, "unknown key of speeds 'joints'"),
        ('speeds.joint_speed', None, 'speeds: joint_speed missing'),
        ('speeds', 3, 'speeds must be a mapping'),
        ('speeds.joint_speed', 50.0, r'speeds.joint_speed is 50; it must be within \[0.01, 5\]'),
        ('speeds.joint_speed', '0.5 rad', "speeds.joint_speed must be a number, not '0.5 rad'"),
        ('speeds.joint_speed', True, 'speeds.joint_speed must be a number, not True'),
        ('speeds.joint_speed', float('nan'), 'speeds.joint_speed must be a number, not nan'),
        ('workspace.low', [0.0, 1.0], 'workspace.low must be a list of 3 numbers'),
        ('workspace.high', [0.0, 0.0, 0.0], 'box'),
        ('clearance', None, 'the file: clearance missing'),
        ('clearance.floor', 'table', "clearance.floor must be a number, not 'table'"),
        ('clearance.links', -0.01, r'clearance.links is -0.01; it must be within \[0, 0.2\]'),
        ('clearance.boxes', [1, 2], 'clearance.boxes must be a mapping of names to boxes'),
        ('clearance.boxes', {'bin': 3}, 'clearance.boxes.bin must be a mapping with the keys low'),
        ('clearance.boxes', {'bin': {'low': [0, 0, 0]}}, 'clearance.boxes.bin: high missing'),
        (
            'clearance.parts',
            {'camera': {'low': [0, 0, 0], 'high': [0, 1]}},
            'clearance.parts.camera.high must be a list of 3 numbers',
        ),
        (
            'clearance.boxes',
            {'bin': {'low': [0, 0, 0], 'high': [0, 1, 1]}},
            'clearance.boxes.bin: each low must be below its high',
        ),
        ('home.joints', [0.0] * 7, 'home.joints .* are not within the joint limits'),
        ('contact.force', 30.0, 'contact.force 30 must be below'),
        ('contact.torque', 90.0, 'contact.torque 90 must be below'),
        ('speeds.jump', 0.8, r'speeds.jump is 0.8; it must be within \[0.02, 0.5\]'),
    ],
)
def test_wrong_files_are_named_with_what_is_wrong(broken, key, value, words):
    path = broken(key, value)
    with pytest.raises(ConfigError, match=words) as error:
        read_cell(path)
    assert str(path) in str(error.value)


def test_unreadable_files(tmp_path):
    with pytest.raises(ConfigError, match='No such file'):
        read_cell(tmp_path / 'missing.yaml')
    (tmp_path / 'list.yaml').write_text('- 1\n- 2\n')
    with pytest.raises(ConfigError, match='must be a mapping'):
        read_cell(tmp_path / 'list.yaml')
    (tmp_path / 'bad.yaml').write_text('model: [\n')
    with pytest.raises(ConfigError, match='not readable as YAML'):
        read_cell(tmp_path / 'bad.yaml')


BOMB = 'a: &a [x,x,x,x,x,x,x,x,x]\n' + ''.join(
    f'{name}: &{name} [{",".join(["*" + before] * 9)}]\n'
    for before, name in zip('abcdefgh', 'bcdefghi', strict=True)
)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('[' * 100_000, 'nested too deeply'),
        (BOMB, 'its aliases make it too large'),
        ('model: fr3\nmodel: panda\n', "key 'model' stands twice"),
        ('speeds: {joint_speed: 0x' + 'F' * 5000 + '}', 'integer of more than 300 digits'),
    ],
    ids=['nested', 'aliases', 'twice', 'integer'],
)
def test_hostile_files_are_one_line(tmp_path, text, words):
    path = tmp_path / 'cell.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        read_cell(path)
    assert len(str(error.value)) < 500


def test_a_huge_value_is_shown_bounded(broken):
    with pytest.raises(ConfigError, match=r'workspace.low must be a list of 3') as error:
        read_cell(broken('workspace.low', [1.0] * 100_000))
    assert len(str(error.value)) < 500
    with pytest.raises(ConfigError, match=r'speeds.joint_speed is 1e\+200'):
        read_cell(broken('speeds.joint_speed', 10**200))


def test_comments_may_be_in_any_script_whatever_the_locale(folder, tmp_path):
    code = 'import sys; from pathlib import Path; from frs_ros.robot.settings import read_cell; '
    code += 'print(read_cell(Path(sys.argv[1])).model.name)'
    path = tmp_path / 'cell.yaml'
    path.write_text(
        '# für die Zelle: 日本語\n' + (folder / 'fr3.yaml').read_text('utf-8'), 'utf-8'
    )
    environment = {**os.environ, 'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
    command = [sys.executable, '-c', code, str(path)]
    subprocess.run(command, check=True, timeout=60, env=environment, capture_output=True)
