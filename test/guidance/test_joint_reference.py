# SPDX-License-Identifier: Apache-2.0
"""Wishes in joint space: what executing the reference does to the tool."""

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from frs_ros.arm.differential_ik import difference
from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.arm.units import gripper_units
from frs_ros.errors import ConfigError
from frs_ros.guidance.references.writer import reference_chunk, reference_writer, robot_reference
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.robot.preview import tool_path
from frs_ros.types import (
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

KINEMATICS = PinocchioKinematics.of_model(FR3)
NAMES = ('gripper', *(f'joint_{i}' for i in range(1, 8)))  # not in the usual order
OFFSET = np.array([0.1, 0.05, -0.02, 0.03, 0, 0.01, 0, -0.04])
SCALE = np.array([2, 0.5, 0.6, 0.5, 0.7, 0.8, 0.6, 0.9])
JOINTS = slice(1, 8)
CONSTANT = (JOINT_DELTA, JOINT_VELOCITY)
DIRECTIONS = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -2, 0], [0, 0, -1], [1, 1, 0], [1, -1, 1]]
)
PLACES = [
    FR3.home,
    np.array([0.4, 0.2, -0.3, -1.9, 0.3, 2.2, 0.9]),
    np.array([-0.8, 0.2, 0.6, -2.0, -0.4, 1.9, -1.0]),
]


class Affine:
    """Only what a reference needs of a policy; model space shifts with the state, too."""

    cameras = ()

    def __init__(self, space, scale=SCALE, names=NAMES):
        self.spec = ActionSpec(15, 8, 10, 15.0, names, ('1',) * 8, 10, 8, space=space)
        self.scale = scale

    def to_model(self, chunk, observation):
        model = np.full((*chunk.shape[:-1], 10), 9.0)
        model[..., :8] = (chunk - OFFSET - 0.01 * observation.state[0]) / self.scale
        return model

    def units(self, model, observation):
        return model[..., :8] * self.scale + OFFSET + 0.01 * observation.state[0]

    def asarray(self, x):
        return np.asarray(x, dtype=np.float64)


def seen(q=FR3.home):
    return Observation({}, np.append(q, 0.0))


def reference(space, q=FR3.home, policy=None, **wish):
    """[H, 8] in units, of a chunk that keeps the form of references."""
    policy = policy or Affine(space)
    chunk = reference_writer(policy.spec, KINEMATICS)(Guidance(**wish), policy, seen(q))
    assert chunk.shape == (1, 15, 10)
    assert np.isfinite(chunk).all()
    assert not chunk[..., 8:].any()
    return policy.units(chunk[0], seen(q))


def tool_motion(joints, q):
    """[6] motion of the tool for a small joint motion, by finite differences."""
    step = 1e-6
    ahead, behind = KINEMATICS.pose(q + step * joints), KINEMATICS.pose(q - step * joints)
    return difference(behind, ahead) / (2 * step)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


# ---- constant rows: deltas and velocities -----------------------------------------------------


@pytest.mark.parametrize('space', CONSTANT)
@pytest.mark.parametrize('q', PLACES)
@pytest.mark.parametrize('direction', DIRECTIONS)
def test_tool_sets_off_along_the_wish(space, q, direction):
    rows = reference(space, q, direction=direction)
    np.testing.assert_allclose(rows, rows[:1].repeat(15, axis=0), atol=1e-12)
    motion = tool_motion(rows[0, JOINTS], q)
    assert cosine(motion[:3], direction) > 0.9999
    assert np.linalg.norm(motion[3:]) < 0.01 * np.linalg.norm(motion[:3])


@pytest.mark.parametrize('space', CONSTANT)
@pytest.mark.parametrize('axis', [[1, 0, 0], [0, -1, 0], [0, 0, 1]])
def test_rotation_turns_the_tool_about_itself(space, axis):
    motion = tool_motion(reference(space, rotation=axis)[0, JOINTS], FR3.home)
    assert cosine(motion[3:], np.array(axis)) > 0.9999
    assert np.linalg.norm(motion[:3]) < 0.01 * np.linalg.norm(motion[3:])


@pytest.mark.parametrize('direction', DIRECTIONS)
def test_executing_a_gentle_reference_goes_straight(direction):
    rows = reference(JOINT_DELTA, direction=direction, magnitude=0.15)
    joints_last = rows[:, [*range(1, 8), 0]]
    path = tool_path(joints_last, JOINT_DELTA, 15, FR3.home, np.eye(4), KINEMATICS)
    assert np.linalg.norm(path[8] - path[0]) > 0.04
    assert cosine(path[8] - path[0], direction) > 0.99


def test_full_magnitude_is_the_fastest_motion_within_the_actions_or_the_data():
    wide = reference(JOINT_DELTA, policy=Affine(JOINT_DELTA, 10 * SCALE), direction=[1, 0, 0])
    assert np.abs(wide[0, JOINTS]).max() == pytest.approx(1)
    for space in CONSTANT:
        joints = reference(space, direction=[1, 0, 0])[0, JOINTS]
        assert np.abs(joints / SCALE[JOINTS]).max() == pytest.approx(1)
    fast = reference(
        JOINT_VELOCITY, policy=Affine(JOINT_VELOCITY, 10 * SCALE), direction=[1, 0, 0]
    )
    assert np.abs(fast[0, JOINTS]).max() > 1  # rad/s have no limit of their own


@pytest.mark.parametrize('space', CONSTANT)
def test_magnitude_scales_the_motion(space):
    full, third = (reference(space, direction=[0, 1, 1], magnitude=m) for m in (1, 1 / 3))
    np.testing.assert_allclose(third[:, JOINTS], full[:, JOINTS] / 3, atol=1e-9)


@pytest.mark.parametrize('space', CONSTANT)
def test_direction_and_rotation_together_stay_within_the_limits(space):
    both = reference(space, direction=[1, 0, 0], rotation=[0, 0, 1])[0, JOINTS]
    assert np.abs(both / SCALE[JOINTS]).max() <= 1 + 1e-9
    motion = tool_motion(both, FR3.home)
    assert cosine(motion[:3], np.array([1.0, 0, 0])) > 0.999
    assert cosine(motion[3:], np.array([0, 0, 1.0])) > 0.999


class NoLift:
    """An arm that has almost lost the vertical."""

    def __init__(self, left):
        self.left = left

    def jacobian(self, q):
        return KINEMATICS.jacobian(q) * np.array([1, 1, self.left, 1, 1, 1])[:, None]


@pytest.mark.parametrize('left', [0.0, 1e-9, 1e-6, 1e-3])
def test_a_wish_fades_out_where_the_arm_cannot_follow(left):
    policy = Affine(JOINT_DELTA)
    write = reference_writer(policy.spec, NoLift(left))
    up, sideways = (
        policy.units(write(Guidance(direction=d), policy, seen())[0], seen())[0, JOINTS]
        for d in ([0, 0, 1], [0, 1, 0])
    )
    assert np.abs(up).max() < 0.01
    assert np.abs(sideways).max() > 0.3


# ---- positions --------------------------------------------------------------------------------


@pytest.mark.parametrize('q', PLACES)
@pytest.mark.parametrize('direction', DIRECTIONS)
def test_positions_follow_a_straight_line(q, direction):
    rows = reference(JOINT_POSITION, q, direction=direction, magnitude=0.5)
    start = KINEMATICS.pose(q)
    step = 0.5 * 0.075 / 5 * direction / np.linalg.norm(direction)
    for k, row in enumerate(rows, start=1):
        pose = KINEMATICS.pose(row[JOINTS])
        np.testing.assert_allclose(pose[:3, 3], start[:3, 3] + k * step, atol=1e-5)
        np.testing.assert_allclose(pose[:3, :3], start[:3, :3], atol=1e-5)
    assert np.abs(np.diff(rows[:, JOINTS], axis=0)).max() < 0.05  # no jump on the way


def test_positions_turn_about_the_tool():
    rows = reference(JOINT_POSITION, rotation=[0, 0, 0.5])
    way = difference(KINEMATICS.pose(FR3.home), KINEMATICS.pose(rows[-1, JOINTS]))
    np.testing.assert_allclose(way, [0, 0, 0, 0, 0, 15 * 0.5 * 0.15 / 5], atol=1e-5)


# ---- all spaces -------------------------------------------------------------------------------

SPACES = (*CONSTANT, JOINT_POSITION)


@pytest.mark.parametrize('space', SPACES)
@pytest.mark.parametrize(('wish', 'value'), [(Gripper.OPEN, 0), (Gripper.CLOSE, 1)])
def test_a_gripper_wish_alone_keeps_the_arm_still(space, wish, value):
    rows = reference(space, gripper=wish)
    np.testing.assert_allclose(rows[:, 0], value, atol=1e-12)
    still = FR3.home if space == JOINT_POSITION else np.zeros(7)
    np.testing.assert_allclose(rows[:, JOINTS], np.tile(still, (15, 1)), atol=1e-12)


@pytest.mark.parametrize('space', SPACES)
def test_the_gripper_left_to_the_policy_is_neutral(space):
    np.testing.assert_allclose(reference(space, direction=[1, 0, 0])[:, 0], 0.5)


def test_gripper_units():
    assert gripper_units(-0.3, CARTESIAN_DELTA) == -0.3
    assert [gripper_units(c, JOINT_DELTA) for c in (-1, 0, 1)] == [0, 0.5, 1]


@pytest.mark.parametrize('space', SPACES)
@pytest.mark.parametrize('state', [np.zeros(6), np.full(8, np.nan)])
def test_a_state_without_joints_is_refused(space, state):
    policy = Affine(space)
    write = reference_writer(policy.spec, KINEMATICS)
    with pytest.raises(ConfigError, match='7 finite joint positions'):
        write(Guidance(direction=[1, 0, 0]), policy, Observation({}, state))


@pytest.mark.parametrize('space', SPACES)
def test_actions_without_joints_are_refused(space):
    policy = Affine(space, names=('gripper', 'x', 'y', 'z', 'a', 'b', 'c', 'd'))
    write = reference_writer(policy.spec, KINEMATICS)
    with pytest.raises(ConfigError, match='cannot be guided in joint_1'):
        write(Guidance(direction=[1, 0, 0]), policy, seen())


def test_the_writer_is_chosen_by_the_space():
    cartesian = ActionSpec(5, 7, 7, 20.0, tuple('abcdefg'), ('1',) * 7, 10, 5)
    assert reference_writer(cartesian) == robot_reference(cartesian, 'fr3') == reference_chunk
    spec = Affine(JOINT_DELTA).spec
    with pytest.raises(ConfigError, match="'joint_delta' needs the kinematics"):
        reference_writer(spec)
    with pytest.raises(ConfigError, match="unknown robot 'ur5'"):
        robot_reference(spec, 'ur5')
    policy, wish = Affine(JOINT_DELTA), Guidance(direction=[1, 0, 0])
    np.testing.assert_array_equal(
        robot_reference(spec, 'fr3')(wish, policy, seen()),
        reference_writer(spec, KINEMATICS)(wish, policy, seen()),
    )
