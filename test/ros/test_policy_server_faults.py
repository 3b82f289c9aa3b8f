# SPDX-License-Identifier: Apache-2.0
"""The policy server as a process: says what is missing, survives nonsense."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

pytest.importorskip('rclpy')

from policy_server_robot import STATE, UP, Robot
from sensor_msgs.msg import CompressedImage

from frs_ros.guidance.path import Path as WishedPath
from frs_ros.msg import GuidancePath, PlanRequest
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.convert.guidance_path import path_to_msg
from frs_ros.ros.convert.image import jpeg_to_msg
from frs_ros.ros.convert.plan import request_to_msg


@pytest.fixture
def robot(ros):
    return Robot(ros)


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
    paths.publish(path_to_msg(WishedPath([STATE[:3]])))
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
        ('guidance_cameras:=/no/cameras.json', 'camera axes: /no/cameras.json: No such file'),
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


def test_weights_of_another_shape_end_with_one_line(node_process, checkpoint, tmp_path):
    weights = load_file(checkpoint)
    weights['flow.out.bias'] = weights['flow.out.bias'][:35]  # half as many actions
    other = tmp_path / 'other.safetensors'
    save_file(weights, other)
    shutil.copy(Path(checkpoint).with_suffix('.json'), other.with_suffix('.json'))
    server = node_process('policy_server', '-p', f'checkpoint:={other}')
    assert server.wait(30.0) == 2
    assert 'flow.out.bias has shape [35], expected [70]' in server.output
    assert len(server.output.splitlines()) == 1


def test_does_not_plan_from_old_images(robot, node_process, checkpoint):
    arguments = ('observation_sync:=latest', 'guidance_sync:=none', f'checkpoint:={checkpoint}')
    server = node_process('policy_server', *(word for a in arguments for word in ('-p', a)))
    robot.wait_for_server()
    second = 10**9

    def refused():
        """Asks anew each time: images travel on a best effort."""
        robot.show(10 * second)
        robot.show(12 * second, cameras=('agentview',))  # the wrist's camera is frozen
        robot.ask(0, 12 * second)
        return robot.says(
            'no plan: the newest image of /wrist/color/image_raw/compressed is 2.0 s older than '
            'the request, more than 0.5 s'
        )

    robot.ros.wait_for(refused, 10.0, 'the reason')
    assert not robot.chunks
    robot.show(12 * second)
    robot.answer(1)
    assert server.interrupt() == 0


def test_a_second_requester_is_not_answered(robot, node_process, checkpoint):
    words = (f'checkpoint:={checkpoint}', 'guidance_sync:=none', 'method:=base')
    node_process('policy_server', *(word for a in words for word in ('-p', a)))
    robot.wait_for_server()
    robot.show(1000)
    mine = robot.ask(0, 1000)
    assert robot.answer(1).answers(mine)
    rival = robot.ros.node('rival')
    requests = rival.create_publisher(PlanRequest, topics.PLAN_REQUEST, qos.EXCHANGE)
    robot.ros.wait_for(requests.get_subscription_count, what='the rival')
    robot.show(2000)
    theirs = dataclasses.replace(mine, request_id=1, stamp_ns=2000, instruction='throw it')
    requests.publish(request_to_msg(theirs))
    one, both = 'requests of /rival are not answered', '2 nodes ask for plans (/rival, /robot)'
    robot.ros.wait_for(lambda: robot.says(one) or robot.says(both), what='the refusal')
    if robot.says(both):  # rclpy of Jazzy does not tell who asks: neither is answered meanwhile
        rival.destroy_publisher(requests)
        robot.ros.wait_for(lambda: robot.says('well again'), what='the end of the complaint')
    mine = robot.ask(1, 2000)
    assert robot.answer(2).answers(mine)
    if robot.says(one):
        rival.destroy_publisher(requests)
        robot.ros.wait_for(lambda: robot.says('well again'), what='the end of the complaint')
    assert len(robot.chunks) == 2
