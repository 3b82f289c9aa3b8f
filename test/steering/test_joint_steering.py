# SPDX-License-Identifier: Apache-2.0
"""Steering a policy that acts in joint space, down to where the tool goes."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('pinocchio')
pytest.importorskip('torch')

from frs_ros.errors import ConfigError
from frs_ros.guidance.guidance import Gripper, Guidance
from frs_ros.guidance.references import robot_reference
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.robot.kinematics import PinocchioKinematics
from frs_ros.robot.models import FR3
from frs_ros.robot.preview import tool_path
from frs_ros.steering.base import plan_rng
from frs_ros.steering.diagnostics import against_reference
from frs_ros.steering.example import example_observation
from frs_ros.steering.planner import Planner, steerer_from
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


def test_diagnostics_look_at_joints_and_count_positions_from_the_reference():
    spec = POLICY.spec
    reference = np.zeros((15, 32))
    reference[:, 0] = 0.5 + 0.1 * np.arange(15)
    other = 1 - reference
    other[:, 7:] = 9  # gripper and padding do not count
    there = reference.copy()
    there[:, 7] = 9
    assert against_reference(there, reference, spec) == {
        'round_trip_rms': 0, 'cosine': pytest.approx(1)
    }  # fmt: skip
    assert against_reference(other, reference, spec)['round_trip_rms'] > 0
    positions = replace(spec, space=JOINT_POSITION)
    other[:, :7] = 2 * reference[:1, :7] - reference[:, :7]  # the same way in reverse
    assert against_reference(other, reference, positions)['cosine'] == pytest.approx(-1)
