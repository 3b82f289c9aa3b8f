# SPDX-License-Identifier: Apache-2.0
"""Steering a policy that acts in joint space, down to where the tool goes."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')
pytest.importorskip('torch')

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.writer import robot_reference
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.robot.preview import tool_path
from frs_ros.serving.example import example_observation
from frs_ros.serving.planner import Planner, steerer_from
from frs_ros.steering.base import plan_rng
from frs_ros.steering.diagnostics import against_reference, standing_still
from frs_ros.steering.registry import make_steerer
from frs_ros.types import JOINT_DELTA, JOINT_POSITION

KINEMATICS = PinocchioKinematics.of_model(FR3)
POLICY = RandomDroidPolicy()
REFERENCE = robot_reference(POLICY.spec, 'fr3')
SEEN = example_observation(POLICY)
DIRECTIONS = np.concatenate([np.eye(3), -np.eye(3)])


def plan(method, seed=0, seen=SEEN, **wish):
    guidance = Guidance(**wish) if wish else None
    return make_steerer(method, REFERENCE).plan(POLICY, seen, guidance, plan_rng(seed, 0))


def tool_way(chunk):
    """[3] the way of the tool over the executed actions."""
    q = SEEN.state[:7]
    path = tool_path(chunk, JOINT_DELTA, 15, q, KINEMATICS.pose(q), KINEMATICS)
    return path[POLICY.spec.execute_steps] - path[0]


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize('method', ['frs', 'frs_fixed_point'])
@pytest.mark.parametrize('direction', DIRECTIONS)
def test_steered_chunks_move_the_tool_along_the_wish(method, direction):
    steered = [plan(method, s, direction=direction, magnitude=0.6) for s in range(5)]
    agreement = [cosine(tool_way(p.chunk), direction) for p in steered]
    assert np.mean(agreement) > 0.8
    unsteered = [cosine(tool_way(plan('base', s).chunk), direction) for s in range(5)]
    assert np.mean(agreement) > np.mean(unsteered)
    assert all(p.diagnostics['cosine'] > 0.7 for p in steered)


def test_direct_execution_keeps_the_gripper_in_the_units_of_joint_space():
    for command, value in ((-1.0, 0.0), (1.0, 1.0)):
        direct = plan('direct', seen=replace(SEEN, gripper_command=command), direction=[0, 0, 1])
        np.testing.assert_array_equal(direct.chunk[:, 7], value)
        assert direct.diagnostics['cosine'] == pytest.approx(1)
    closing = plan('direct', gripper=Gripper.CLOSE)
    np.testing.assert_allclose(closing.chunk[:, 7], 1, atol=1e-6)
    np.testing.assert_allclose(closing.chunk[:, :7], 0, atol=1e-6)
    assert 'cosine' not in closing.diagnostics


def test_without_a_reference_for_joint_space_the_mistake_is_named():
    with pytest.raises(ConfigError, match='needs the kinematics'):
        make_steerer('frs').plan(POLICY, SEEN, Guidance(direction=[1, 0, 0]), plan_rng(0, 0))


def test_reference_is_no_option_of_a_method():
    with pytest.raises(ConfigError, match="no option 'reference'; it has: operator"):
        steerer_from('frs', json.dumps({'reference': 'x'}), REFERENCE)


def test_planner_warms_up_with_a_state_of_the_policys_kind():
    Planner(POLICY, steerer_from('frs', '{}', REFERENCE)).warm_up()
    np.testing.assert_array_equal(SEEN.state, [*FR3.home, 0])


class JointPositions:
    """Encodes joint positions as half of them, the gripper as it is."""

    spec = replace(POLICY.spec, space=JOINT_POSITION)

    def to_model(self, chunk, observation):
        model = np.zeros((*chunk.shape[:-1], 32), np.float32)
        model[..., :7], model[..., 7] = chunk[..., :7] / 2, chunk[..., 7]
        return model

    def asarray(self, x):
        return np.asarray(x)


def test_diagnostics_look_at_joints():
    spec = POLICY.spec
    reference = np.zeros((15, 32))
    reference[:, 0] = 0.5 + 0.1 * np.arange(15)
    there = reference.copy()
    there[:, 7:] = 9  # gripper and padding do not count
    still = np.zeros((15, 32))
    assert against_reference(there, reference, still, spec) == {
        'round_trip_rms': 0, 'cosine': pytest.approx(1)
    }  # fmt: skip
    assert against_reference(-there, reference, still, spec)['cosine'] == pytest.approx(-1)
    still[:, 0] = 0.4
    slow = still + 0.1 * (reference - still)
    assert against_reference(slow, reference, still, spec)['cosine'] == pytest.approx(1)


def test_positions_count_as_motion_from_the_present_joints():
    """Whoever stands still goes no way, and whoever goes the wished way slowly goes that way."""
    policy = JointPositions()
    still = standing_still(policy, SEEN)
    np.testing.assert_allclose(still[:, :7], np.tile(FR3.home / 2, (15, 1)), atol=1e-6)
    assert not still[:, 7:].any()
    wish = to_numpy(REFERENCE(Guidance(direction=[1, 0, 0]), policy, SEEN))[0]
    slow = still + 0.05 * (wish - still)
    assert against_reference(slow, wish, still, policy.spec)['cosine'] == pytest.approx(1)
    assert 'cosine' not in against_reference(still, wish, still, policy.spec)
