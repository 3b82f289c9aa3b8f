# SPDX-License-Identifier: Apache-2.0
"""The policy server as a process: what it answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip('rclpy')

from policy_server_robot import STATE, UP, Robot, expected

from frs_ros.guidance.path import Path as WishedPath
from frs_ros.msg import GuidancePath
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.guidance_path import path_to_msg
from frs_ros.ros.convert.plan import chunk_from_msg
from frs_ros.steering.registry import METHODS


@pytest.fixture
def robot(ros):
    return Robot(ros)


def test_answers_like_the_planner_and_switches_methods(robot, node_process, checkpoint):
    server = node_process('policy_server', '-p', f'checkpoint:={checkpoint}')
    robot.wait_for_server()

    request = robot.ask(0, 1000)  # the request may come first
    robot.show(1000, guidance=UP)
    chunk = robot.answer(1)
    plan = expected(checkpoint, robot, request, 'frs', UP)
    assert np.abs(chunk.actions - plan.chunk).max() < 1e-6
    assert np.abs(chunk.noise - plan.noise).max() < 1e-5
    assert (chunk.execute_steps, chunk.method, chunk.stamp_ns) == (5, 'frs', 1000)
    robot.ros.wait_for(lambda: robot.reports, what='the report')
    report = robot.reports[0]
    assert (report.guided, report.nfe, report.guidance.source) == (True, 20, 'test')
    assert 0 < report.plan_time <= report.latency

    robot.ask(0, 1000)  # asked again: the same answer again
    assert np.array_equal(robot.answer(2).actions, chunk.actions)
    assert len(robot.reports) == 1

    refused = robot.set('method', 'magic')
    assert not refused.successful
    assert "unknown method 'magic'" in refused.reason
    assert 'base' in refused.reason
    assert robot.set('method', 'base').successful
    robot.show(2000, guidance=UP)
    request = robot.ask(1, 2000)
    chunk = robot.answer(3)
    assert chunk.method == 'base'
    plan = expected(checkpoint, robot, request, 'base', None)
    assert np.abs(chunk.actions - plan.chunk).max() < 1e-6

    assert list(robot.reports[-1].unsteered_actions) == []
    assert robot.set('compare', True).successful  # both plans, from the same draws
    assert robot.set('method', 'frs').successful
    robot.show(3000, guidance=UP)
    request = robot.ask(2, 3000)
    steered = robot.answer(4)
    robot.ros.wait_for(lambda: robot.reports[-1].request_id == 2, what='the report')
    alone = expected(checkpoint, robot, request, 'base', None)
    assert np.abs(np.array(robot.reports[-1].unsteered_actions) - alone.chunk.ravel()).max() < 1e-6
    assert np.abs(steered.actions - alone.chunk).max() > 1e-3

    assert not robot.set('checkpoint', 'mini').successful
    assert server.interrupt() == 0
    assert 'Traceback' not in server.output


def test_steers_a_policy_in_joint_space(ros, node_process):
    pytest.importorskip('pinocchio')
    from frs_ros.arm.kinematics import PinocchioKinematics
    from frs_ros.arm.models import FR3
    from frs_ros.policies.random_droid import RandomDroidPolicy
    from frs_ros.robot.preview import tool_path

    sizes = {camera.name: (224, 224) for camera in RandomDroidPolicy.cameras}
    robot = Robot(ros, sizes)
    server = node_process('policy_server', '-p', 'checkpoint:=random_droid')
    robot.wait_for_server()
    robot.show(1000, guidance=UP, state=[*FR3.home, 0.0])
    robot.ask(0, 1000)
    chunk = robot.answer(1)
    assert (chunk.space, chunk.control_hz, chunk.execute_steps) == ('joint_delta', 15.0, 8)
    assert chunk.actions.shape == (15, 8)
    kinematics = PinocchioKinematics.of_model(FR3)
    path = tool_path(chunk.actions, chunk.space, 15, FR3.home, np.eye(4), kinematics)
    way = path[8] - path[0]
    assert way[2] > 0.7 * np.linalg.norm(way)
    robot.ros.wait_for(lambda: robot.reports, what='the report')
    assert robot.reports[0].cosine > 0.7
    assert server.interrupt() == 0


def test_answers_with_the_policy_of_a_policy_file(robot, node_process, tmp_path):
    example = Path(__file__).parents[2] / 'examples' / 'policies' / 'pi05_random.yaml'
    file, data = tmp_path / 'tiny.yaml', yaml.safe_load(example.read_text())
    tiny = {'config': 'tiny', 'device': 'cpu', 'dtype': 'float32'}
    file.write_text(yaml.safe_dump({**data, **tiny}))
    server = node_process('policy_server', '-p', f'checkpoint:={file}')
    robot.wait_for_server()
    robot.show(1000, guidance=UP)
    request = robot.ask(0, 1000)
    chunk = robot.answer(1)
    plan = expected(str(file), robot, request, 'frs', UP)
    assert chunk.actions.shape == (15, 7)
    np.testing.assert_allclose(chunk.actions, plan.chunk, atol=1e-5)
    assert server.interrupt() == 0
    assert 'Traceback' not in server.output


def test_guidance_in_the_frame_of_a_camera(robot, node_process, checkpoint, tmp_path):
    cameras = tmp_path / 'cameras.json'
    cameras.write_text('{"scene": {"axes": [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]}}')  # from behind
    server = node_process(
        'policy_server', '-p', f'checkpoint:={checkpoint}', '-p', f'guidance_cameras:={cameras}'
    )
    robot.wait_for_server()
    seen_up = replace(UP, direction=[0, -1, 0], frame='scene')  # down the image is -z

    for request_id, wish in enumerate((seen_up, UP)):
        robot.show(1000 + request_id, guidance=wish)
        robot.ask(0, 1000 + request_id)  # the same draws for both
        robot.answer(request_id + 1)
    same = [chunk_from_msg(msg).actions for msg in robot.chunks]
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    robot.ros.wait_for(lambda: robot.reports, what='the report')
    assert robot.reports[0].guidance.header.frame_id == 'scene'

    robot.show(2000, guidance=replace(UP, frame='ceiling'))
    request = robot.ask(1, 2000)
    chunk = robot.answer(3)
    assert chunk.method == 'base'
    plan = expected(checkpoint, robot, request, 'base', None)
    assert np.abs(chunk.actions - plan.chunk).max() < 1e-6
    robot.ros.wait_for(lambda: robot.says("frame 'ceiling'; known are: base, tool, scene"))
    robot.ros.wait_for(lambda: len(robot.reports) == 3, what='the report')
    assert not robot.reports[2].guided
    robot.show(2500, guidance=replace(UP, frame='ceiling'))  # readable, and still not followed
    robot.ask(2, 2500)
    robot.answer(4)
    robot.ros.wait_for(lambda: len(robot.reports) == 4, what='the report')
    assert not robot.says('well again')
    robot.show(3000, guidance=UP)
    robot.ask(3, 3000)
    assert robot.answer(5).method == 'frs'
    robot.ros.wait_for(lambda: robot.says('well again'), what='the end of the complaint')
    assert server.returncode is None


def test_follows_a_path_while_nobody_steers(robot, node_process, checkpoint):
    arguments = ('guidance_sync:=latest', 'observation_sync:=latest', 'method:=direct')
    server = node_process(
        'policy_server',
        *(word for a in (*arguments, f'checkpoint:={checkpoint}') for word in ('-p', a)),
    )
    paths = robot.node.create_publisher(GuidancePath, topics.GUIDANCE_PATH, qos.GUIDANCE_NEWEST)
    robot.wait_for_server()
    robot.ros.wait_for(paths.get_subscription_count, what='the reader of paths')
    up = path_to_msg(WishedPath([STATE[:3] + np.array([0, 0, 0.5])], source='planner'))

    def followed(path, guidance=None):
        """Who is followed in the end, each time with fresh stamps."""
        now = robot.node.get_clock().now().nanoseconds
        path.header.stamp = stamps.to_time(now)
        paths.publish(path)
        count = len(robot.reports)

        def answered() -> bool:
            """Shown again and again, as a camera would: the newest image may be lost."""
            robot.show(robot.node.get_clock().now().nanoseconds, guidance=guidance)
            return len(robot.reports) > count

        robot.show(now, guidance=guidance)
        robot.ask(count, now)
        robot.ros.wait_for(answered, what='the report')
        return robot.reports[-1].guidance.source

    robot.ros.wait_for(lambda: followed(up) == 'planner', what='a plan along the path')
    assert robot.reports[-1].guided
    way = chunk_from_msg(robot.chunks[-1]).actions[:, :3].sum(axis=0)
    assert way[2] > 0.9 * np.linalg.norm(way)
    robot.ros.wait_for(lambda: followed(up, UP) == 'test', what='the hand to be followed')
    wrong = path_to_msg(WishedPath([STATE[:3]], source='planner'))
    wrong.magnitude = 7.0
    robot.ros.wait_for(lambda: followed(wrong) == '', what='the path to be stale')
    assert robot.says('path magnitude must be in (0, 1], not 7.0')
    assert server.returncode is None


def test_every_method_can_be_switched_to_while_it_runs(robot, node_process, checkpoint):
    server = node_process('policy_server', '-p', f'checkpoint:={checkpoint}')
    robot.wait_for_server()
    for number, method in enumerate(METHODS):
        assert robot.set('method', method).successful
        stamp = 1000 * (number + 1)
        robot.show(stamp, guidance=UP)
        request = robot.ask(number, stamp)
        chunk = robot.answer(number + 1)
        assert (chunk.request_id, chunk.method) == (number, method)
        plan = expected(checkpoint, robot, request, method, UP)
        assert np.abs(chunk.actions - plan.chunk).max() < 1e-5
    assert robot.set('method', 'frs').successful
    options = '{"operator": "motion"}'
    assert robot.set('method_options', options).successful
    robot.show(20_000, guidance=UP)
    robot.ask(99, 20_000)
    robot.ros.wait_for(lambda: robot.reports[-1].request_id == 99, what='the report')
    assert robot.reports[-1].method_options == options
    for name, value, words in (
        ('method', 'base', """no option 'operator'; it has: no options; the options in force"""),
        ('method_options', '{"operator": "translatoin"}', "unknown operator 'translatoin'"),
        ('method_options', '{"strength": 1e999}', 'strength must be a number'),
        ('method_options', '{"gate": {"samples": 9999999}}', 'samples must be a whole number'),
    ):
        refused = robot.set(name, value)
        assert not refused.successful
        assert words in refused.reason
    assert robot.set('method_options', '{}').successful
    assert robot.set('method', 'base').successful
    assert server.interrupt() == 0
    assert 'Traceback' not in server.output
