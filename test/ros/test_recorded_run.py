# SPDX-License-Identifier: Apache-2.0
"""What recording a graph takes: messages back to values, a free domain, several ends."""

from __future__ import annotations

import os
import signal
import socket
import sys

import numpy as np
import pytest

from frs_ros.bringup.supervisor import Command, Supervisor
from frs_ros.errors import ConfigError, DataError
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import PlanRequest, SteeringReport
from frs_ros.types import Plan

REQUEST = PlanRequest(3, 'e', 7, 'pick', 5)
PLAN = Plan(np.zeros((2, 7)), np.zeros((2, 7), np.float32), 'frs', 20)


@pytest.mark.ros
@pytest.mark.parametrize('outcome', [None, *Outcome])
def test_episode_round_trip(outcome):
    from frs_ros.ros.convert.episode import episode_from_msg, episode_to_msg

    event = EpisodeEvent('e', 'pick', 2**63 + 1, outcome, '', 0 if outcome is None else 12)
    assert episode_from_msg(episode_to_msg(event, 10)) == event


@pytest.mark.ros
@pytest.mark.parametrize(('field', 'value'), [('event', 0), ('outcome', 9), ('outcome', 0)])
def test_episode_that_makes_no_sense(field, value):
    from frs_ros.ros.convert.episode import episode_from_msg, episode_to_msg

    msg = episode_to_msg(EpisodeEvent('e', '', 1, Outcome.SUCCESS), 10)
    setattr(msg, field, value)
    with pytest.raises(DataError, match=field):
        episode_from_msg(msg)


@pytest.mark.ros
def test_report_round_trip():
    from frs_ros.ros.convert.plan import report_from_msg, report_to_msg

    wish = Guidance(direction=np.array([1.0, 0, 0]), source='oracle', stamp_ns=5)
    report = report_from_msg(report_to_msg(REQUEST, PLAN, wish, latency=0.5, plan_time=0.25))
    assert report.guidance is not None
    np.testing.assert_array_equal(report.guidance.direction, [1, 0, 0])
    assert report == SteeringReport(3, 'e', 'frs', report.guidance, 20, 0.5, 0.25)
    without = report_from_msg(report_to_msg(REQUEST, PLAN, None, latency=0.5, plan_time=0.25))
    assert without.guidance is None


@pytest.mark.ros
def test_camera_round_trip():
    from frs_ros.cameras.pinhole import Pinhole
    from frs_ros.ros.convert.image import (
        camera_info_to_msg,
        camera_pose_to_msg,
        pinhole_from_msgs,
    )

    turn = np.array([[0.0, -0.6, 0.8], [-1.0, 0, 0], [0, -0.8, -0.6]])
    matrix = np.array([[-300.0, 0, 64], [0, 300, 64], [0, 0, 1]])
    camera = Pinhole(matrix, np.array([1.0, 2.0, 3.0]), turn)
    info = camera_info_to_msg('view', 128, 128, matrix, 5)
    pose = camera_pose_to_msg(camera, 5)
    points = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(
        pinhole_from_msgs(info, pose).project(points), camera.project(points)
    )
    pose.pose.orientation.w = float('nan')
    with pytest.raises(DataError, match='orientation'):
        pinhole_from_msgs(info, pose)


@pytest.mark.ros
@pytest.mark.parametrize('participant', [0, 5])
def test_a_domain_in_use_is_passed_over(monkeypatch, participant):
    from frs_ros.bringup.listeners import recorded_run

    monkeypatch.delenv('ROS_DOMAIN_ID', raising=False)
    monkeypatch.setattr(recorded_run, 'DOMAINS', range(90, 92))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as occupied:
        occupied.bind(('', 7410 + 250 * 90 + 2 * participant))
        assert {recorded_run.free_domain() for _ in range(8)} == {91}


@pytest.mark.ros
def test_the_domain_of_the_user_is_kept(monkeypatch):
    from frs_ros.bringup.listeners.recorded_run import free_domain

    monkeypatch.setenv('ROS_DOMAIN_ID', '42')
    assert free_domain() == 42
    monkeypatch.setenv('ROS_DOMAIN_ID', 'robot')
    with pytest.raises(ConfigError, match='ROS_DOMAIN_ID'):
        free_domain()


def test_a_node_that_fails_is_one_line(ros_domain, tmp_path):
    from frs_ros.bringup.graph import Process, Row
    from frs_ros.bringup.listeners.episode_listener import EpisodeListener
    from frs_ros.bringup.listeners.recorded_run import GraphError, run_recorded
    from frs_ros.nodes.config_files import config_file

    row = Row('oracle_guidance', respawn=True)  # wrong parameters: starting again would not help
    process = Process(row, config_file(row.node), {'magnitude': 2.0})
    log = tmp_path / 'graph.log'
    with pytest.raises(GraphError, match=r'g/oracle_guidance failed: .*magnitude.*graph\.log'):
        run_recorded({'g': [process]}, lambda domain: EpisodeListener(('g',), domain=domain), log)
    assert 'magnitude' in log.read_text()


def python(code: str, name: str, **options) -> Command:
    return Command(name, [sys.executable, '-S', '-c', code], **options)


SLEEP = 'import time; time.sleep(100)'


def test_graphs_end_when_the_last_of_them_has_ended():
    lines: list[str] = []
    supervisor = Supervisor(
        [
            python('', 'first', ends_all=True),
            python('import time; time.sleep(0.5); print("end")', 'last', ends_all=True),
            python(SLEEP, 'server'),
        ],
        lines.append,
        os.environ,
    )
    assert supervisor.run() == 0
    assert '[last] end' in lines
    assert not supervisor.interrupted
    assert supervisor.failed == ''


def test_the_one_that_failed_is_known():
    supervisor = Supervisor(
        [python(SLEEP, 'a'), python('import sys; sys.exit(2)', 'b')], lambda line: None, os.environ
    )
    assert supervisor.run() == 2
    assert supervisor.failed == 'b'


def test_an_interruption_is_known():
    def say(line: str) -> None:
        if line == '[a] up':
            os.kill(os.getpid(), signal.SIGINT)

    supervisor = Supervisor([python(f'print("up"); {SLEEP}', 'a')], say, os.environ)
    assert supervisor.run() == 0
    assert supervisor.interrupted
