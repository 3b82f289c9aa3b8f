# SPDX-License-Identifier: Apache-2.0
"""The policy server as a process: answers, says what is missing, survives nonsense."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage

from frs_ros.cameras.codec import encode_jpeg
from frs_ros.guidance.guidance import Guidance
from frs_ros.guidance.path import Path
from frs_ros.msg import ActionChunk, GuidancePath, PlanRequest, RobotState, SteeringReport
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.convert.guidance_path import path_to_msg
from frs_ros.ros.convert.image import jpeg_to_msg
from frs_ros.ros.convert.plan import chunk_from_msg, request_to_msg
from frs_ros.ros.convert.robot import robot_state_to_msg
from frs_ros.steering.exchange import Request
from frs_ros.steering.gather import Gatherer
from frs_ros.steering.planner import Planner, steerer_from
from frs_ros.steering.registry import METHODS

CAMERAS = {'agentview': (128, 128), 'wrist': (84, 84)}
STATE = np.array([-0.1, 0.05, 0.9, 3.1, 0.02, 0.1, 0.03, -0.03])
UP = Guidance(direction=np.array([0.0, 0.0, 1.0]), source='test')


class Robot:
    """The test's side: publishes parts of observations, collects answers."""

    def __init__(self, ros, sizes=CAMERAS) -> None:
        self.ros, self.node, self.sizes = ros, ros.node('robot'), sizes
        publish = self.node.create_publisher
        self.images = {c: publish(CompressedImage, topics.image(c), qos.IMAGE_OUT) for c in sizes}
        self.states = publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self.guidance = publish(GuidanceMsg, topics.GUIDANCE, qos.EXCHANGE)
        self.requests = publish(PlanRequest, topics.PLAN_REQUEST, qos.EXCHANGE)
        collect = functools.partial(ros.collect, self.node)
        self.chunks = collect(ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.reports = collect(SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
        self.diagnostics = collect(DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
        self.parameters = self.node.create_client(SetParameters, 'policy_server/set_parameters')

    def wait_for_server(self) -> None:
        self.ros.wait_for(self.matched, 90.0, 'the policy server')

    def matched(self) -> bool:
        publishers = [*self.images.values(), self.states, self.guidance, self.requests]
        return (
            all(p.get_subscription_count() for p in publishers)
            and self.node.count_publishers(topics.ACTION_CHUNK) > 0
            and self.parameters.service_is_ready()
        )

    def jpeg(self, camera: str) -> bytes:
        rng = np.random.default_rng(len(camera))
        return encode_jpeg(rng.integers(0, 255, (*self.sizes[camera], 3), dtype=np.uint8))

    def show(self, stamp_ns: int, *, cameras=(), guidance=None, state=STATE) -> None:
        for camera in cameras or self.sizes:
            self.images[camera].publish(jpeg_to_msg(camera, self.jpeg(camera), stamp_ns))
        msg = robot_state_to_msg(STATE, 1.0, stamp_ns, mode=RobotState.MODE_POLICY)
        msg.policy_state = [float(v) for v in state]
        self.states.publish(msg)
        if guidance is not None:
            msg = guidance_to_msg(guidance)
            msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            self.guidance.publish(msg)

    def ask(self, request_id: int, stamp_ns: int) -> Request:
        request = Request(request_id, 'e', 77, 'pick up the ketchup', stamp_ns)
        self.requests.publish(request_to_msg(request))
        return request

    def answer(self, count: int):
        self.ros.wait_for(lambda: len(self.chunks) >= count, 30.0, f'answer {count}')
        return chunk_from_msg(self.chunks[-1])

    def says(self, text: str) -> bool:
        statuses = [s for array in self.diagnostics for s in array.status]
        return any(text in status.message for status in statuses)

    def set(self, name: str, value):
        change = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()]
        )
        future = self.parameters.call_async(change)
        self.ros.wait_for(future.done, 30.0, 'set_parameters')
        return future.result().results[0]


@pytest.fixture
def robot(ros):
    return Robot(ros)


def expected(checkpoint: str, robot: Robot, request: Request, method: str, guidance):
    """The plan made in this process from the same parts."""
    from frs_ros.policies.checkpoint import load_policy

    gatherer = Gatherer(
        tuple(CAMERAS), observation_sync='stamped', guidance_sync='none', guidance_timeout_ns=0
    )
    for camera in CAMERAS:
        gatherer.add_image(camera, request.stamp_ns, robot.jpeg(camera))
    gatherer.add_state(request.stamp_ns, STATE, 1.0)
    planner = Planner(load_policy(checkpoint), steerer_from(method, '{}'))
    return planner.plan(request, gatherer.observation(request), guidance)


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
    from frs_ros.policies.random_droid import RandomDroidPolicy
    from frs_ros.robot.kinematics import PinocchioKinematics
    from frs_ros.robot.models import FR3
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


def test_guidance_in_the_frame_of_a_camera(robot, node_process, checkpoint, tmp_path):
    cameras = tmp_path / 'cameras.json'
    cameras.write_text('{"scene": {"axes": [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]}}')  # from behind
    server = node_process(
        'policy_server', '-p', f'checkpoint:={checkpoint}', '-p', f'guidance_cameras:={cameras}'
    )
    robot.wait_for_server()
    seen_up = replace(UP, direction=[0, -1, 0], frame='scene')  # down the picture is -z

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
    robot.show(3000, guidance=UP)
    robot.ask(2, 3000)
    assert robot.answer(4).method == 'frs'
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
    up = path_to_msg(Path([STATE[:3] + np.array([0, 0, 0.5])], source='planner'))

    def followed(path, guidance=None):
        """Who is followed in the end, each time with fresh stamps."""
        now = robot.node.get_clock().now().nanoseconds
        path.header.stamp = stamps.to_time(now)
        paths.publish(path)
        robot.show(now, guidance=guidance)
        count = len(robot.reports)
        robot.ask(count, now)
        robot.ros.wait_for(lambda: len(robot.reports) > count, what='the report')
        return robot.reports[-1].guidance.source

    robot.ros.wait_for(lambda: followed(up) == 'planner', what='a plan along the path')
    assert robot.reports[-1].guided
    way = chunk_from_msg(robot.chunks[-1]).actions[:, :3].sum(axis=0)
    assert way[2] > 0.9 * np.linalg.norm(way)
    robot.ros.wait_for(lambda: followed(up, UP) == 'test', what='the hand to be followed')
    wrong = path_to_msg(Path([STATE[:3]], source='planner'))
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


def test_a_wish_of_no_numbers_is_named_and_not_followed(robot, node_process, checkpoint):
    words = (f'checkpoint:={checkpoint}', 'guidance_sync:=latest', 'guidance_timeout:=10.0')
    server = node_process('policy_server', *(word for a in words for word in ('-p', a)))
    robot.wait_for_server()
    wish = guidance_to_msg(UP)
    wish.direction[0] = math.nan
    robot.guidance.publish(wish)
    robot.ros.wait_for(lambda: robot.says('finite'), what='the complaint')
    robot.show(1000)
    robot.ask(0, 1000)
    assert robot.answer(1).method == 'base'
    assert server.interrupt() == 0


def test_survives_nonsense_and_names_missing_topics(robot, node_process, checkpoint):
    server = node_process(
        'policy_server',
        '-p',
        f'checkpoint:={checkpoint}',
        '-p',
        'guidance_sync:=none',
        '-r',
        'wrist/color/image_raw/compressed:=hand/compressed',
    )
    hand = robot.node.create_publisher(CompressedImage, 'hand/compressed', qos.IMAGE_OUT)
    paths = robot.node.create_publisher(GuidancePath, topics.GUIDANCE_PATH, qos.GUIDANCE_NEWEST)
    robot.images['wrist'] = hand
    robot.wait_for_server()

    robot.ros.wait_for(paths.get_subscription_count, what='the reader of paths')
    paths.publish(path_to_msg(Path([STATE[:3]])))
    robot.ros.wait_for(lambda: robot.says("paths need guidance_sync 'latest', not 'none'"))
    robot.show(1000, cameras=('agentview',))
    robot.ask(0, 1000)
    robot.ros.wait_for(lambda: robot.says('/hand/compressed'), 4.0, 'the name of the topic')
    assert not robot.says('agentview')
    assert not robot.chunks

    robot.show(2000, state=[math.nan] * 8)  # nothing usable ...
    robot.ros.wait_for(lambda: robot.says('RobotState.policy_state'), what='the bad state')
    robot.images['agentview'].publish(jpeg_to_msg('agentview', b'\xff\xd8 cut off', 3000))
    robot.show(3000, cameras=('wrist',))
    robot.ask(1, 3000)
    robot.ros.wait_for(lambda: robot.says('not a readable JPEG'), what='the bad image')
    robot.images['agentview'].publish(jpeg_to_msg('agentview', b'', 3500))
    robot.ros.wait_for(lambda: robot.says('is not a JPEG file'), what='the empty image')
    robot.show(4000, state=STATE[:3])
    robot.ask(2, 4000)
    robot.ros.wait_for(lambda: robot.says('planning failed'), what='the misshaped state')
    assert not robot.chunks

    robot.show(5000)  # ... and then something is
    robot.ask(3, 5000)
    assert robot.answer(1).request_id == 3
    robot.ros.wait_for(lambda: robot.says('well again'), what='the all-clear')
    assert server.returncode is None
    assert 'Traceback' not in server.output


def test_a_failed_plan_is_traced_for_those_who_debug(robot, node_process, checkpoint):
    options = ('-p', f'checkpoint:={checkpoint}', '-p', 'guidance_sync:=none')
    server = node_process('policy_server', *options, '--log-level', 'policy_server:=debug')
    robot.wait_for_server()
    robot.show(1000, state=STATE[:3])  # refused by the policy, a `FrsError`
    robot.ask(0, 1000)
    robot.ros.wait_for(lambda: robot.says('planning failed'), what='the misshaped state')
    robot.ros.wait_for(lambda: 'Traceback' in server.output, what='the traceback')
    assert 'in encode' in server.output


@pytest.mark.parametrize(
    ('override', 'named'),
    [
        ('checkpoint:=/does/not/exist.safetensors', '/does/not/exist.safetensors'),
        ('method:=magic', "unknown method 'magic'"),
        ('guidance_cameras:=/no/cameras.json', "camera axes from '/no/cameras.json'"),
        ('methd:=frs', "unknown parameter of node policy_server 'methd'"),
        ('method_options:="{\\"haste\\": 3}"', "no option 'haste'"),
        ('checkpoint:=/no/policy.yaml', '/no/policy.yaml'),
    ],
)
def test_wrong_parameters_end_with_one_line(node_process, override, named):
    server = node_process('policy_server', '-p', override)
    assert server.wait(30.0) == 2
    assert named in server.output
    assert len(server.output.splitlines()) == 1


def test_does_not_plan_from_old_pictures(robot, node_process, checkpoint):
    arguments = ('observation_sync:=latest', 'guidance_sync:=none', f'checkpoint:={checkpoint}')
    server = node_process('policy_server', *(word for a in arguments for word in ('-p', a)))
    robot.wait_for_server()
    second = 10**9

    def refused():
        """Asks anew each time: pictures travel on a best effort."""
        robot.show(10 * second)
        robot.show(12 * second, cameras=('agentview',))  # the wrist's camera is frozen
        robot.ask(0, 12 * second)
        return robot.says(
            'no plan: the newest picture of /wrist/color/image_raw/compressed is 2.0 s older than '
            'the request, more than 0.5 s'
        )

    robot.ros.wait_for(refused, 10.0, 'the reason')
    assert not robot.chunks
    robot.show(12 * second)
    robot.answer(1)
    assert server.interrupt() == 0
