# SPDX-License-Identifier: Apache-2.0
"""The graphs of the robot cell: what a few arguments mean for their processes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from frs_ros import cli
from frs_ros.bringup.graph import Process
from frs_ros.bringup.graphs.cell import MODEL
from frs_ros.bringup.graphs.droid import DROID
from frs_ros.bringup.graphs.droid_sim import DROID_SIM
from frs_ros.errors import CheckpointError, ConfigError, DependencyError
from frs_ros.policies.description import MADE, Interface
from frs_ros.program import command


def made(graph=DROID_SIM, **given: str) -> dict[str, Process]:
    return {process.row.label: process for process in graph.processes(given)}


def test_the_simulated_cell_is_the_real_one_with_an_arm():
    real, simulated = (
        made(graph, guidance='spacemouse', checkpoint='mini') for graph in (DROID, DROID_SIM)
    )
    assert list(simulated) == ['simulated_arm', *real]
    for name, process in real.items():
        assert simulated[name].row.node == process.row.node
    assert real['franka_controller'].overrides['driver'] == 'franky'
    assert 'allow_non_realtime' not in real['franka_controller'].overrides
    assert 'source' not in real['wrist_camera'].overrides


@pytest.mark.parametrize(
    ('checkpoint', 'space', 'rate', 'names'),
    [
        ('mini', 'cartesian_delta', 20.0, ('agentview', 'wrist')),
        ('random_droid', 'joint_delta', 15.0, ('exterior_image_1_left', 'wrist_image_left')),
    ],
)
def test_action_space_rate_and_cameras_follow_from_the_policy(checkpoint, space, rate, names):
    cell = made(checkpoint=checkpoint)
    assert cell['policy_server'].overrides['checkpoint'] == checkpoint
    controller = cell['franka_controller'].overrides
    assert (controller['action_space'], controller['control_hz']) == (space, rate)
    assert controller['cameras'] == ','.join(names)
    cameras = [cell[f'{which}_camera'].overrides['name'] for which in ('exterior', 'wrist')]
    assert tuple(cameras) == names


def test_two_cameras_of_one_executable():
    cell = made(DROID, checkpoint='mini', exterior_serial='017', wrist_source='uvc')
    assert cell['exterior_camera'].overrides['serial'] == '017'
    assert cell['wrist_camera'].overrides['source'] == 'uvc'
    words = cell['wrist_camera'].command
    assert 'frs_ros.nodes.camera_node' in words
    assert '__node:=wrist_camera' in words


@pytest.mark.parametrize(
    ('guide', 'started', 'sync'),
    [('none', False, 'none'), ('joy', True, 'latest'), ('keyboard', True, 'latest')],
)
def test_guides(guide, started, sync):
    cell = made(guidance=guide, instruction='close the drawer', seed='3')
    assert cell['policy_server'].overrides['guidance_sync'] == sync
    assert ('human_guidance' in cell) == started
    if started:
        human = cell['human_guidance']
        wanted = {'device': guide, 'instruction': 'close the drawer', 'seed': 3}
        assert human.overrides == wanted
        assert human.row.needs_keys == (guide == 'keyboard')


def test_keys_are_read_where_there_is_a_terminal(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    hint = made(guidance='keyboard')['human_guidance'].hint
    words = shlex.join(command('frs_ros.nodes.human_guidance_node', '--ros-args'))
    assert f'ROS_DOMAIN_ID=7 {words}' in hint


def test_arithmetic_needs_no_further_process():
    cell = made(driver='kinematic', markers='false')
    assert not any(process.row.program for process in cell.values())
    assert 'markers' not in cell
    assert cell['policy_server'].overrides['compare'] is False
    assert made()['simulated_arm'].command[2] == 'frs_ros.robot.simulated_arm'


def test_the_controller_comes_before_plans_and_drawings():
    cell = made()
    niceness = {name: process.row.nice for name, process in cell.items()}
    assert niceness['franka_controller'] == niceness['simulated_arm'] == 0
    assert niceness['wrist_camera'] == 0 < niceness['policy_server'] < niceness['markers']
    assert cell['markers'].supervised().words[:3] == ['nice', '-n', '10']
    assert cell['franka_controller'].supervised().words[0] == sys.executable


def test_truth_has_two_words():
    server = made(**{'policy_server.compare': 'False'})['policy_server']
    assert server.overrides['compare'] is False
    assert 'compare:=false' in server.command
    with pytest.raises(ConfigError, match="repeat must be bool, not 'perhaps'"):
        made(repeat='perhaps')


def test_an_explicit_parameter_wins_over_what_follows_from_others():
    given = {'checkpoint': 'mini', 'franka_controller.control_hz': '10'}
    assert made(**given)['franka_controller'].overrides['control_hz'] == 10.0


def test_frames_follow_the_namespace_unless_given():
    for given, prefix in (({}, ''), ({'namespace': 'left'}, 'left/')):
        cell = made(**given)
        for name in ('exterior_camera', 'wrist_camera', 'markers', 'franka_controller'):
            assert cell[name].overrides['frame_prefix'] == prefix
    cell = made(namespace='left', frame_prefix='arm2_')
    assert cell['markers'].overrides['frame_prefix'] == 'arm2_'


def test_the_arm_is_described_where_robot_state_publisher_is_installed(tmp_path, monkeypatch):
    program = tmp_path / 'lib' / MODEL / MODEL
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    assert MODEL not in made(model='false')
    process = made(namespace='left', robot='panda')[MODEL]
    assert process.command[:2] == [str(program), '--ros-args']
    assert '__ns:=/left' in process.command
    assert "frame_prefix:='left/'" in process.command
    description = process.overrides['robot_description']
    assert description in next(word for word in process.command if 'description' in word)
    assert ElementTree.fromstring(description).get('name') == 'panda'


def test_an_arm_that_others_drive_has_its_own_description(monkeypatch):
    monkeypatch.setattr('frs_ros.bringup.graph.executable', lambda *_: Path('/bin/true'))
    given = {'checkpoint': 'mini', 'command': 'trajectory'}
    assert MODEL in made(DROID, **given)
    cell = made(DROID, driver='topics', **given)
    assert MODEL not in cell
    assert 'mock_controller' not in cell
    assert cell['franka_controller'].overrides['command'] == 'trajectory'
    with pytest.raises(ConfigError, match='does not go with driver:=topics'):
        made(DROID, driver='topics', model='true', **given)


def test_the_mock_of_a_controller_takes_what_the_controller_sends():
    cell = made(driver='topics', command='target_pose', robot='panda', namespace='left')
    assert cell['mock_controller'].overrides == {'robot': 'panda', 'command': 'target_pose'}
    told = cell['franka_controller'].overrides
    assert (told['driver'], told['command']) == ('topics', 'target_pose')
    assert told['gripper_joints'] == 'panda_finger_joint1,panda_finger_joint2'
    assert cell['mock_controller'].row.outlives
    assert made(driver='topics')['mock_controller'].overrides['command'] == 'forward'
    assert 'gripper' not in made(driver='kinematic')['franka_controller'].overrides


def test_without_robot_state_publisher_there_is_no_description(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    assert MODEL not in made()
    with pytest.raises(DependencyError, match='apt-get install ros-'):
        made(model='true')


def test_a_policy_with_other_cameras_is_refused(monkeypatch):
    one_eyed = Interface('joint_delta', 15.0, ('wrist',))
    monkeypatch.setitem(MADE, 'cyclops', one_eyed)
    with pytest.raises(ConfigError, match=r'1 cameras \(wrist\), this cell has 2'):
        made(checkpoint='cyclops')


def test_no_policy_moves_a_real_arm_unless_it_is_named():
    with pytest.raises(ConfigError, match='name the policy that is to move this arm'):
        made(DROID)


def test_programs_have_no_parameters():
    with pytest.raises(ConfigError, match="unknown node of graph droid_sim 'simulated_arm'"):
        made(**{'simulated_arm.host': '0.0.0.0'})


def test_the_arm_may_be_a_file(tmp_path, repository):
    text = (repository.root / 'config' / 'robots' / 'panda.yaml').read_text()
    path = tmp_path / 'ours.yaml'
    path.write_text(text)
    cell = made(robot=str(path))
    assert cell['franka_controller'].overrides['robot'] == str(path)
    assert cell['markers'].overrides['robot'] == str(path)
    assert cell['policy_server'].overrides['robot'] == 'panda'


@pytest.mark.parametrize(
    ('given', 'error', 'named'),
    [
        ({'checkpoint': 'nowhere.safetensors'}, CheckpointError, 'no checkpoint at'),
        ({'robot': 'ur5'}, ConfigError, "unknown robot 'ur5'; choose one of: fr3, panda"),
        ({'guidance': 'thoughts'}, ConfigError, "unknown guidance 'thoughts'"),
        ({'driver': 'real'}, ConfigError, "unknown driver 'real'"),
    ],
)
def test_what_does_not_exist_is_named_before_anything_starts(given, error, named):
    with pytest.raises(error, match=named):
        made(**given)


def test_wrong_arguments_are_one_line(capsys):
    assert cli.main(['up', 'droid_sim', 'speed:=3']) == 2
    assert "unknown argument of graph droid_sim 'speed'" in capsys.readouterr().err
