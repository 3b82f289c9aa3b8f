# SPDX-License-Identifier: Apache-2.0
"""What is looked at before a graph is started, and what is tidied up after it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import pytest

from frs_ros import cli
from frs_ros.bringup import preflight, shared_memory
from frs_ros.bringup.graph import _yaml
from frs_ros.errors import ConfigError


class Machine:
    """A machine where all is well, but for what is given."""

    python = (3, 12, 0)

    def __init__(self, encoding='utf-8', installed=('rmw_fastrtps_cpp',), built=True, **env):
        self.environment, self.encoding = env, encoding
        self._installed, self._built = installed, built

    def find(self, pattern):
        if pattern.endswith('.msg'):
            return ['/src/msg/Guidance.msg', '/src/msg/Episode.msg']
        return [f'/opt/ros/x/{name}' for name in (*self._installed, 'rmw_implementation')]

    def read(self, path):
        names = ('Episode', 'Guidance') if self._built else ('Episode',)
        return ''.join(f'from x import {name}  # noqa\n' for name in names)


def test_a_machine_where_all_is_well_says_nothing():
    assert preflight.check(['instruction:=öffne'], Machine()) == []
    rmw = Machine(RMW_IMPLEMENTATION='rmw_fastrtps_cpp', ROS_DOMAIN_ID='42')
    assert preflight.check([], rmw) == []
    assert preflight.check([], Machine(encoding='ascii')) == []  # no word needs more


@pytest.mark.parametrize(
    ('machine', 'words', 'named'),
    [
        (Machine(ROS_DOMAIN_ID='300'), [], "ROS_DOMAIN_ID='300' is no domain"),
        (Machine(ROS_DOMAIN_ID='x'), [], "ROS_DOMAIN_ID='x' is no domain"),
        (Machine(RMW_IMPLEMENTATION='rmw_none'), [], "RMW_IMPLEMENTATION='rmw_none' is not"),
        (Machine(ROS_AUTOMATIC_DISCOVERY_RANGE='NEAR'), [], "'NEAR' is none of"),
        (Machine(built=False), [], 'messages are not built: Guidance'),
        (Machine(encoding='ascii'), ['instruction:=öffne'], 'export LC_ALL=C.UTF-8'),
    ],
)
def test_what_no_node_can_start_with_is_one_line(machine, words, named):
    with pytest.raises(ConfigError) as error:
        preflight.check(words, machine)
    assert named in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_discovery_that_is_off_is_a_warning():
    (line,) = preflight.check([], Machine(ROS_AUTOMATIC_DISCOVERY_RANGE='OFF'))
    assert line.startswith('discovery range: OFF: nodes do not find each other')


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError, match=r'300.*rmw_none'):
        preflight.check([], Machine(ROS_DOMAIN_ID='300', RMW_IMPLEMENTATION='rmw_none'))


def test_frs_up_starts_nothing_in_such_an_environment(monkeypatch, capsys):
    pytest.importorskip('rclpy')
    monkeypatch.setenv('ROS_DOMAIN_ID', '300')
    assert cli.main(['up', 'libero']) == 2
    out, err = capsys.readouterr()
    assert out == ''
    assert err.count('\n') == 1
    assert "ROS_DOMAIN_ID='300' is no domain" in err


HOLDS = """
import sys
from frs_ros.bringup import preflight
print(preflight.claim(), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='names without files')
def test_a_second_graph_in_one_domain_is_warned(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '201')  # of no real graph
    words = [sys.executable, '-c', HOLDS]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout.readline() == '\n'
        warning = preflight.claim()
        assert f'another graph (process {other.pid}) runs in ROS domain 201' in warning
        assert preflight.claim('left') == ''  # two cells in their namespaces do not meet
        assert 'namespace /left' in preflight.claim('left')
        other.stdin.close()
        other.wait(20)
    assert preflight.claim() == ''


def test_segments_of_the_dead_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, 'YOUNG', -1.0)
    dead, alive = 'fastdds_0123456789abcdef', 'fastrtps_fedcba9876543210'
    others = ['fastdds_port7411_el', 'fastdds_port7411', 'something_else', 'fastdds_12_el']
    for name in (dead, f'{dead}_el', alive, f'{alive}_el', *others):
        (tmp_path / name).touch()
    (tmp_path / 'fastdds_aaaaaaaaaaaaaaaa_el').symlink_to(tmp_path / 'something_else')
    with (tmp_path / f'{alive}_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as Fast DDS does as long as it lives
        assert shared_memory.clean(tmp_path) == 1
    kept = {alive, f'{alive}_el', *others, 'fastdds_aaaaaaaaaaaaaaaa_el'}
    assert set(os.listdir(tmp_path)) == kept
    assert shared_memory.clean(tmp_path / 'nowhere') == 0


def test_what_is_just_being_made_is_left_alone(tmp_path):
    for name in ('fastdds_0123456789abcdef', 'fastdds_0123456789abcdef_el'):
        (tmp_path / name).touch()
    assert shared_memory.clean(tmp_path) == 0


TEXTS = [
    'plain',
    '',
    "it's",
    'two\nlines\r\n',
    '  blanks  ',
    '\ttab "quoted" \\ back',
    'öffne 机器人 🤖',
    '012',
    'true',
    '{"operator": "motion"}',
    'a: b # c',
    'x\x1b[31m\x07\x7f\x85\u2028',
]


@pytest.mark.parametrize('text', TEXTS)
def test_every_text_arrives_at_the_node_as_it_was_given(text):
    """Parsed by rcl, as `-p name:=text`."""
    rclpy = pytest.importorskip('rclpy')
    from rclpy.node import Node

    context = rclpy.Context()
    rclpy.init(args=['--ros-args', '-p', f'text:={_yaml(text)}'], context=context)
    try:
        node = Node('probe', context=context, automatically_declare_parameters_from_overrides=True)
        assert node.get_parameter('text').value == text
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)
