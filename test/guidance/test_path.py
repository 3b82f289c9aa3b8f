# SPDX-License-Identifier: Apache-2.0
"""Paths: where the reference leads, in every action space."""

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from frs_ros.arm.differential_ik import difference
from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.guidance.path import Path, ahead_of, walked
from frs_ros.guidance.references.path import GAINS
from frs_ros.guidance.references.writer import References
from frs_ros.messages.any_guidance import GuidanceError, Part
from frs_ros.messages.guidance import Gripper
from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.types import (
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

KINEMATICS = PinocchioKinematics.of_model(FR3)
NAMES = {
    CARTESIAN_DELTA: ('gripper', 'x', 'y', 'z', 'roll', 'pitch', 'yaw'),
    JOINT_DELTA: (*(f'joint_{i}' for i in range(1, 8)), 'gripper'),
}
JOINT_SPACES = (JOINT_DELTA, JOINT_POSITION, JOINT_VELOCITY)
HOME = KINEMATICS.pose(FR3.home)


class Affine:
    """Only what a reference needs of a policy; model space is half as wide as the units."""

    cameras = ()

    def __init__(self, space, scale=2.0):
        names = NAMES.get(space, NAMES[JOINT_DELTA])
        width = len(names)
        self.spec = ActionSpec(
            12, width, width + 2, 20.0, names, ('1',) * width, 10, 8, space=space
        )
        self.scale = scale

    def to_model(self, chunk, observation):
        model = np.full((*chunk.shape[:-1], self.spec.model_dim), 9.0)
        model[..., : self.spec.action_dim] = (chunk - 0.1) / self.scale
        return model

    def asarray(self, x):
        return np.asarray(x, dtype=np.float64)


def seen(space, q=FR3.home):
    if space != CARTESIAN_DELTA:
        return Observation({}, np.append(q, 0.0))
    return Observation({}, np.array([0.4, 0.1, 0.3, np.pi, 0, 0, 0.04, -0.04]))


def rows(space, path, policy=None, gain=None):
    """[H, A] in units, of a chunk that keeps the form of references."""
    policy = policy or Affine(space)
    chunk = References(KINEMATICS, gain=gain)(path, policy, seen(space))
    assert chunk.shape == (1, 12, policy.spec.model_dim)
    assert not chunk[..., policy.spec.action_dim :].any()
    return chunk[0, :, : policy.spec.action_dim] * policy.scale + 0.1


def tool_poses(space, path, policy=None):
    """Where an arm that obeys to the letter is after each row of a joint space."""
    actions = rows(space, path, policy, gain=1.0)[:, :7]
    steps = {JOINT_DELTA: 0.2, JOINT_VELOCITY: 1 / 20}
    joints = actions
    if space in steps:
        joints = FR3.home + steps[space] * np.cumsum(actions, axis=0)
    return [KINEMATICS.pose(q) for q in joints]


# ---- walking ----------------------------------------------------------------------------------


def metres(motion):
    """1 cm per action, turns for free."""
    return np.linalg.norm(motion[:3]) / 0.01


def positions_of(path):
    return walked(path, np.eye(4), 8, metres)[:, :3, 3]


def test_the_tool_goes_straight_at_full_command_and_then_stays():
    walk = positions_of(Path([[0.03, 0.04, 0]]))
    way = np.minimum(np.arange(1, 9) * 0.01, 0.05)
    np.testing.assert_allclose(walk, way[:, None] * [[0.6, 0.8, 0]], atol=1e-9)


def test_magnitude_is_the_speed():
    np.testing.assert_allclose(
        positions_of(Path([[1, 0, 0]], magnitude=0.25))[:, 0], np.arange(1, 9) * 0.0025
    )


def test_corners_cost_no_time_and_close_waypoints_no_speed():
    corner = positions_of(Path([[0.015, 0, 0], [0.015, 1, 0]]))
    np.testing.assert_allclose(corner[:3], [[0.01, 0, 0], [0.015, 0.005, 0], [0.015, 0.015, 0]])
    dense = Path(np.linspace([0.001, 0, 0], [1, 0, 0], 1000))
    np.testing.assert_allclose(positions_of(dense)[:, 0], np.arange(1, 9) * 0.01, atol=1e-9)


def test_the_tool_turns_in_step_with_its_way():
    turn = rotation_matrices(np.array([[0, 0, 0.5]]))
    walk = walked(Path([[0.04, 0, 0]], turn), np.eye(4), 6, metres)
    angles = [difference(np.eye(4), pose)[5] for pose in walk]
    np.testing.assert_allclose(angles, [0.125, 0.25, 0.375, 0.5, 0.5, 0.5], atol=1e-9)


@pytest.mark.parametrize(
    ('at', 'first'),
    [
        ([0, 0, 0], 0),  # on the first waypoint: reached at once
        ([-1, 0.1, 0], 0),  # before it
        ([0.3, 0.1, 0], 1),  # beside the first part of the way
        ([1, 0.5, 0], 2),
        ([2, 2, 0], 2),  # beyond the end
    ],
)
def test_a_path_said_again_is_joined_where_it_is_nearest(at, first):
    points = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]])
    start = np.eye(4)
    start[:3, 3] = at
    left = ahead_of(start, Path(points).poses(start))
    np.testing.assert_array_equal([pose[:3, 3] for pose in left], points[first:])


def test_a_turn_on_the_spot_is_joined_where_it_is_nearest_too():
    turns = rotation_matrices(np.array([[0, 0, 0.2], [0, 0, 0.6], [0, 0, 1.0]]))
    start = np.eye(4)
    start[:3, :3] = rotation_matrices(np.array([0, 0, 0.7]))
    left = ahead_of(start, Path(np.zeros((3, 3)), turns).poses(start))
    np.testing.assert_array_equal([pose[:3, :3] for pose in left], turns[2:])


# ---- Cartesian --------------------------------------------------------------------------------


def test_steps_add_up_to_the_way_by_the_gain():
    """Near enough to be reached within the chunk, whatever share of a step the arm goes."""
    for gain in (None, 0.5, 1.0):
        target = np.array([0.4 + 0.04, 0.1 - 0.03, 0.3 + 0.02])
        steps = rows(CARTESIAN_DELTA, Path([target]), gain=gain)
        share = GAINS[CARTESIAN_DELTA] if gain is None else gain
        np.testing.assert_allclose(0.05 * share * steps[:, 1:4].sum(0), target - [0.4, 0.1, 0.3])
        np.testing.assert_allclose(steps[:, 4:], 0, atol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(steps[0, 1:4]), 1)  # full command
        np.testing.assert_allclose(steps[-1, 1:4], 0, atol=1e-9)


def test_full_command_ends_at_the_edge_of_the_training_data():
    far = Path([[5.0, 5.0, 0.3]])
    for scale in (0.5, 2.0):
        steps = rows(CARTESIAN_DELTA, far, Affine(CARTESIAN_DELTA, scale))
        np.testing.assert_allclose(np.linalg.norm(steps[:, 1:4], axis=1), min(scale, 1))


def test_a_turn_is_along_the_axes_of_the_base():
    turned = rotation_matrices(np.array([0, 0, 0.3])) @ rotation_matrices(np.array([np.pi, 0, 0]))
    steps = rows(CARTESIAN_DELTA, Path([[0.4, 0.1, 0.3]], turned[None]), gain=1.0)
    np.testing.assert_allclose(0.5 * steps[:, 4:].sum(0), [0, 0, 0.3], atol=1e-9)
    np.testing.assert_allclose(steps[:, 1:4], 0, atol=1e-9)


# ---- joint spaces -----------------------------------------------------------------------------


@pytest.mark.parametrize('space', JOINT_SPACES)
def test_the_tool_arrives_and_stays_turned_as_it_was(space):
    target = HOME[:3, 3] + [0.05, -0.06, 0.03]
    poses = tool_poses(space, Path([target]))
    np.testing.assert_allclose(poses[-1][:3, 3], target, atol=1e-4)
    for pose in poses:
        np.testing.assert_allclose(pose[:3, :3], HOME[:3, :3], atol=1e-3)
        way = pose[:3, 3] - HOME[:3, 3]
        straight = np.dot(way, target - HOME[:3, 3]) / np.linalg.norm(target - HOME[:3, 3])
        assert np.linalg.norm(way) == pytest.approx(straight, abs=1e-3)


@pytest.mark.parametrize('space', JOINT_SPACES)
def test_the_tool_turns_through_a_path(space):
    turned = HOME.copy()
    turned[:3, :3] = rotation_matrices(np.array([0, 0, 0.2])) @ HOME[:3, :3]
    pose = tool_poses(space, Path([HOME[:3, 3]], turned[None, :3, :3]))[-1]
    np.testing.assert_allclose(difference(turned, pose), 0, atol=1e-3)


@pytest.mark.parametrize('space', [JOINT_DELTA, JOINT_VELOCITY])
def test_a_distant_goal_is_approached_at_full_command(space):
    steps = rows(space, Path([HOME[:3, 3] + [0, 0.6, 0]]))[:, :7]
    limit = 1 if space == JOINT_DELTA else 2
    assert np.abs(steps).max() <= limit + 1e-9
    assert np.abs(steps).max(axis=1).min() > 0.7 * limit


def test_a_soft_arm_is_asked_for_more():
    near = Path([HOME[:3, 3] + [0.02, 0, 0]])
    whole, half = (rows(JOINT_DELTA, near, gain=g)[:, :7].sum(0) for g in (1.0, 0.5))
    np.testing.assert_allclose(half, 2 * whole, atol=1e-3)


# ---- all spaces -------------------------------------------------------------------------------


@pytest.mark.parametrize('space', [CARTESIAN_DELTA, *JOINT_SPACES])
@pytest.mark.parametrize(
    ('wish', 'share'), [(Gripper.POLICY, 0.5), (Gripper.OPEN, 0), (Gripper.CLOSE, 1)]
)
def test_the_gripper_wish_goes_along(space, wish, share):
    path = Path([[0.5, 0, 0.4]], gripper=wish)
    column = Affine(space).spec.indices('gripper')
    value = 2 * share - 1 if space == CARTESIAN_DELTA else share
    np.testing.assert_allclose(rows(space, path)[:, column], value, atol=1e-12)
    assert (Part.GRIPPER in path.parts) == (wish != Gripper.POLICY)


def test_what_a_path_speaks_of():
    assert Path([[0, 0, 0]]).parts == {Part.TRANSLATION}
    assert Path([[0, 0, 0]], np.eye(3)[None]).parts == {Part.TRANSLATION, Part.ROTATION}
    assert Path([[0, 0, 0]]).active
    assert not Path([[0, 0, 0]], enabled=False).active


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'positions': []}, 'positions'),
        ({'positions': [0, 0, 0]}, 'positions'),
        ({'positions': [[0, 0]]}, 'positions'),
        ({'positions': [[0, 0, np.nan]]}, 'finite'),
        ({'positions': [[0, 0, -1e308]]}, 'within 1000 m'),
        ({'positions': np.zeros((1001, 3))}, 'at most 1000 poses, this one 1001'),
        ({'rotations': np.eye(3)}, 'rotations'),
        ({'rotations': np.tile(np.eye(3), (2, 1, 1))}, '1 positions has 2 rotations'),
        ({'rotations': 2 * np.eye(3)[None]}, 'rotation matrices'),
        ({'rotations': -np.eye(3)[None]}, 'rotation matrices'),
        ({'magnitude': 0}, 'magnitude'),
        ({'magnitude': 1.1}, 'magnitude'),
        ({'magnitude': float('nan')}, 'magnitude'),
        ({'gripper': 3}, 'gripper'),
    ],
)
def test_paths_that_cannot_be_meant_cannot_be_made(wrong, message):
    with pytest.raises(ConfigError, match=message):
        Path(**{'positions': [[0.0, 0, 0]], **wrong})


def test_waypoints_are_looked_at_once_each():
    """However dense they are: what a plan waits for grows with their number, not its square."""
    positions = HOME[:3, 3] + np.linspace(0, 1, 1000)[:, None] * [0.3, 0, 0]
    asked = []

    def cost(motion):
        asked.append(motion)
        return 1e-9

    poses = walked(Path(positions), HOME, 10, cost)
    np.testing.assert_allclose(poses[-1][:3, 3], positions[-1])
    assert len(asked) <= 1000


def test_without_kinematics_there_is_no_path_in_joint_space():
    with pytest.raises(GuidanceError, match='kinematics'):
        References()(Path([[0, 0, 0]]), Affine(JOINT_DELTA), seen(JOINT_DELTA))
