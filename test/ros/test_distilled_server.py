# SPDX-License-Identifier: Apache-2.0
"""The policy server with a distilled policy: switched to and from while it runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

pytest.importorskip('rclpy')

from policy_server_robot import CAMERAS, STATE, UP, Robot
from policy_server_robot import expected as plan_of

from frs_ros.messages.guidance import Guidance
from frs_ros.policies.checkpoint import load_policy
from frs_ros.policies.identity import PolicyInfo, policy_id
from frs_ros.policies.noise.checkpoint import save_noise_policy
from frs_ros.policies.noise.description import Architecture, Inputs, NoiseDescription
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.serving.inputs import Gatherer
from frs_ros.serving.planner import Planner, steerer_from

TASK = 'pick up the ketchup'  # what the robot of these tests asks for


def write_checkpoint(path, identity, horizon=10):
    """An untrained network for the small generalist."""
    description = NoiseDescription(
        PolicyInfo(identity, horizon, 7, 7, 'cartesian_delta', 20.0),
        Inputs(tuple(CAMERAS), 32, 8, (0.0,) * 11, (1.0,) * 11, (TASK,)),
        Architecture('chunk_nll', 'small', 16, 2),
    )
    torch.manual_seed(0)
    network = DistilledNetwork(description)
    torch.nn.init.normal_(network.head.out[-1].weight, std=0.3)
    return save_noise_policy(network, description, path)


def expected(checkpoint, robot, request, options):
    """The plan of the distilled policy, made in this process."""
    gatherer = Gatherer(
        tuple(CAMERAS), observation_sync='stamped', guidance_sync='none', guidance_timeout_ns=0
    )
    for camera in CAMERAS:
        gatherer.add_image(camera, request.stamp_ns, robot.jpeg(camera))
    gatherer.add_state(request.stamp_ns, STATE, 1.0)
    planner = Planner(load_policy(checkpoint), steerer_from('dsbc', options))
    return planner.plan(request, gatherer.observation(request), None)


def test_switches_between_plain_steered_and_distilled(ros, node_process, checkpoint, tmp_path):
    robot = Robot(ros)
    identity = policy_id(load_policy(checkpoint))
    good = write_checkpoint(tmp_path / 'good.safetensors', identity)
    other = write_checkpoint(tmp_path / 'other.safetensors', 'f' * 16)
    longer = write_checkpoint(tmp_path / 'longer.safetensors', identity, horizon=20)
    options = json.dumps({'checkpoint': str(good)})
    server = node_process(
        'policy_server',
        *('-p', f'checkpoint:={checkpoint}'),
        *('-p', 'method:=dsbc'),
        *('-p', f"method_options:='{options}'"),
    )
    robot.wait_for_server()

    def answer(number, wish=None):
        stamp = 1000 * (number + 1)
        robot.show(stamp, guidance=wish or Guidance())
        request = robot.ask(number, stamp)
        return request, robot.answer(number + 1)

    request, chunk = answer(0)
    plan = expected(checkpoint, robot, request, options)
    assert (chunk.method, chunk.policy_id) == ('dsbc', identity)
    np.testing.assert_allclose(chunk.noise, plan.noise, atol=1e-5)
    np.testing.assert_allclose(chunk.actions, plan.chunk, atol=1e-5)
    assert answer(1, UP)[1].method == 'frs'  # somebody corrects this chunk
    assert answer(2)[1].method == 'dsbc'

    assert robot.set('distilled', str(good)).successful
    assert robot.set('method_options', '{}').successful  # the parameter names it now
    for number, method in enumerate(('base', 'frs', 'dsbc'), start=3):
        assert robot.set('method', method).successful
        assert answer(number, UP if method == 'frs' else None)[1].method == method

    refused = robot.set('distilled', str(other))
    assert not refused.successful
    assert 'speaks the noise of policy ffff' in refused.reason
    refused = robot.set('distilled', str(longer))
    assert not refused.successful
    assert 'horizon' in refused.reason
    refused = robot.set('distilled', str(tmp_path / 'none.safetensors'))
    assert not refused.successful
    assert 'no checkpoint at' in refused.reason
    assert answer(6)[1].method == 'dsbc'  # the one before stays
    assert server.interrupt() == 0
    assert 'Traceback' not in server.output


def test_what_it_does_alone_is_compared_with_the_policy(ros, node_process, checkpoint, tmp_path):
    robot = Robot(ros)
    network = write_checkpoint(tmp_path / 'good.safetensors', policy_id(load_policy(checkpoint)))
    words = (
        f'checkpoint:={checkpoint}',
        f'distilled:={network}',
        'method:=dsbc',
        'guidance_sync:=none',
        'compare:=true',
    )
    node_process('policy_server', *(word for a in words for word in ('-p', a)))
    robot.wait_for_server()
    robot.show(1000)
    request = robot.ask(0, 1000)
    chunk = robot.answer(1)
    robot.ros.wait_for(lambda: robot.reports, what='the report')
    shown = np.array(robot.reports[-1].unsteered_actions)
    alone = plan_of(checkpoint, robot, request, 'base', None)
    assert chunk.method == 'dsbc'
    np.testing.assert_allclose(shown, alone.chunk.ravel(), atol=1e-6)
    assert np.abs(shown - chunk.actions.ravel()).max() > 1e-3
