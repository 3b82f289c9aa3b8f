# SPDX-License-Identifier: Apache-2.0
"""Action spaces against closed forms; contract and bad input on all of them."""

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from frs_ros.arm.action_spaces.registry import make_action_space
from frs_ros.arm.differential_ik import difference, joint_motion, moved, reach
from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.types import (
    ACTION_SPACES,
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
)

KINEMATICS = PinocchioKinematics.of_model(FR3)
HOME = FR3.home
PERIOD = 1 / 15
DIRECTIONS = np.concatenate([np.eye(3), -np.eye(3)])


@pytest.fixture(params=ACTION_SPACES)
def space(request):
    return make_action_space(request.param, KINEMATICS)


def cartesian(translation=(0, 0, 0), rotation=(0, 0, 0), gripper=-1.0):
    return np.array([*translation, *rotation, gripper], dtype=float)


def joints(*values, gripper=0.0):
    return np.array([*values, gripper], dtype=float)


# ---- contract ---------------------------------------------------------------------------------


def test_unknown_space_and_missing_kinematics_are_named():
    with pytest.raises(ConfigError, match=r"unknown action space 'torque'.*joint_delta"):
        make_action_space('torque', KINEMATICS)
    with pytest.raises(ConfigError, match="'cartesian_delta' needs the kinematics"):
        make_action_space(CARTESIAN_DELTA)
    assert make_action_space(JOINT_DELTA).action_dim == 8


def test_bad_actions_and_joints_are_refused(space):
    good = np.zeros(space.action_dim)
    for bad in (np.full(space.action_dim, np.nan), np.zeros(space.action_dim + 1), good[None]):
        with pytest.raises(ValueError, match='action'):
            space.target(bad, HOME, PERIOD)
        with pytest.raises(ValueError, match='action'):
            space.gripper(bad)
    for bad in (np.full(7, np.inf), np.zeros(6)):
        with pytest.raises(ValueError, match='joints'):
            space.target(good, bad, PERIOD)


def test_arguments_are_not_modified(space):
    action, q = np.full(space.action_dim, 0.3), HOME.copy()
    target = space.target(action, q, PERIOD)
    target += 1
    np.testing.assert_array_equal(action, 0.3)
    np.testing.assert_array_equal(q, HOME)


@pytest.mark.parametrize('name', [CARTESIAN_DELTA, JOINT_DELTA, JOINT_VELOCITY])
def test_zero_keeps_still(name):
    space = make_action_space(name, KINEMATICS)
    np.testing.assert_allclose(space.target(np.zeros(space.action_dim), HOME, PERIOD), HOME)


def test_grippers():
    cart = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    assert [cart.gripper(cartesian(gripper=g)) for g in (-1, -0.1, 0, 0.1, 1)] == [
        False, False, False, True, True
    ]  # fmt: skip
    for name in (JOINT_DELTA, JOINT_POSITION, JOINT_VELOCITY):
        space = make_action_space(name)
        closed = [space.gripper(joints(*HOME, gripper=g)) for g in (-0.1, 0.5, 0.51, 1)]
        assert closed == [False, False, True, True]


# ---- joint spaces: closed forms ---------------------------------------------------------------


def test_joint_delta_is_droids():
    space = make_action_space(JOINT_DELTA)
    small = np.array([0.5, -0.2, 0, 0.1, 0, 1, -1])
    np.testing.assert_allclose(space.target(joints(*small), HOME, PERIOD), HOME + 0.2 * small)
    large = np.array([4.0, -2.0, 0, 1, 0, 0, 0])  # scaled as a whole: the direction stays
    np.testing.assert_allclose(space.target(joints(*large), HOME, PERIOD), HOME + 0.05 * large)


def test_joint_position_is_absolute():
    space = make_action_space(JOINT_POSITION)
    np.testing.assert_array_equal(space.target(joints(*HOME), HOME + 1, PERIOD), HOME)


def test_joint_velocity_is_integrated_over_the_period():
    space = make_action_space(JOINT_VELOCITY)
    target = space.target(joints(*np.arange(7)), HOME, 0.1)
    np.testing.assert_allclose(target, HOME + 0.1 * np.arange(7))
    for period in (0, -1, np.nan):
        with pytest.raises(ValueError, match='period'):
            space.target(joints(*HOME), HOME, period)


# ---- Cartesian --------------------------------------------------------------------------------


def test_full_command_is_five_centimetres_along_the_base_axes():
    space = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    start = KINEMATICS.pose(HOME)
    for direction in DIRECTIONS:
        way = difference(start, KINEMATICS.pose(space.target(cartesian(direction), HOME, PERIOD)))
        # second order of the step: the arm moves on arcs of about half a metre
        np.testing.assert_allclose(way[:3], 0.05 * direction, atol=0.1 * 0.05)
        assert np.linalg.norm(way[3:]) < 0.05**2 * 4
        small = space.target(cartesian(1e-3 * direction), HOME, PERIOD)
        way = difference(start, KINEMATICS.pose(small))
        np.testing.assert_allclose(way, [*5e-5 * direction, 0, 0, 0], atol=1e-8)


def test_full_command_is_half_a_radian_about_the_base_axes():
    space = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    start = KINEMATICS.pose(HOME)
    for axis in DIRECTIONS:
        small = space.target(cartesian(rotation=1e-3 * axis), HOME, PERIOD)
        way = difference(start, KINEMATICS.pose(small))
        np.testing.assert_allclose(way, [0, 0, 0, *5e-4 * axis], atol=1e-6)


def test_commands_beyond_one_are_clipped():
    space = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    np.testing.assert_array_equal(
        space.target(cartesian((7, 0, 0)), HOME, PERIOD),
        space.target(cartesian((1, 0, 0)), HOME, PERIOD),
    )


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_following_a_direction_moves_the_tool_along_it(direction):
    """Closed loop with an arm that gets a third of the way in each period."""
    space = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    q, start = HOME.copy(), KINEMATICS.pose(HOME)
    for _ in range(9):
        q = q + (space.target(cartesian(direction), q, PERIOD) - q) / 3
    way = difference(start, KINEMATICS.pose(q))
    assert way[:3] @ direction == pytest.approx(9 * 0.05 / 3, rel=0.03)
    assert np.linalg.norm(way[:3] - (way[:3] @ direction) * direction) < 0.04 * 0.15
    assert np.linalg.norm(way[3:]) < 0.02


def test_joint_motion_is_the_pseudoinverse_away_from_singularities():
    jacobian = KINEMATICS.jacobian(HOME)
    twist = np.array([0.1, -0.2, 0.05, 0.3, 0, -0.1])
    motion = joint_motion(jacobian, twist)
    np.testing.assert_allclose(motion, np.linalg.pinv(jacobian) @ twist, atol=1e-9)


def test_near_singularities_the_joints_stay_calm():
    """The arm stretched out, asked to stretch further and to move sideways at once."""
    space = make_action_space(CARTESIAN_DELTA, KINEMATICS)
    straight = np.array([0.0, 0.6, 0, -0.16, 0, 1.9, 0])
    assert np.linalg.svd(KINEMATICS.jacobian(straight), compute_uv=False)[-1] < 0.05
    for direction in DIRECTIONS:
        q = straight
        for _ in range(20):
            target = space.target(cartesian(direction), q, PERIOD)
            assert np.abs(target - q).max() <= 0.5 + 1e-9
            q = np.clip(q + (target - q) / 3, FR3.limits.low, FR3.limits.high)
    singular = np.zeros((6, 7))
    assert not joint_motion(singular, np.ones(6)).any()


def test_a_pose_in_reach_is_reached():
    wished = moved(KINEMATICS.pose(HOME), np.array([0.05, -0.03, 0.02]), np.array([0, 0.1, 0.2]))
    pose = KINEMATICS.pose(reach(KINEMATICS, HOME, wished))
    np.testing.assert_allclose(pose, wished, atol=1e-5)


def test_what_cannot_be_reached_is_approached():
    away = KINEMATICS.pose(HOME)
    away[:3, 3] += 5 * np.array([1.0, 0, 0])
    q = reach(KINEMATICS, HOME, away)
    assert np.isfinite(q).all()
    assert np.abs(q - HOME).max() == pytest.approx(0.5)
