# SPDX-License-Identifier: Apache-2.0
"""Given chunks: what of them a policy's reference keeps."""

import numpy as np
import pytest

from frs_ros.errors import ConfigError
from frs_ros.guidance.chunk import GivenChunk
from frs_ros.guidance.references import resampling
from frs_ros.guidance.references.writer import References
from frs_ros.messages.any_guidance import GuidanceError, Part
from frs_ros.types import (
    ACTION_SPACES,
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

CARTESIAN = ('x', 'y', 'z', 'roll', 'pitch', 'yaw', 'gripper')
JOINTS = tuple(f'joint_{i}' for i in range(1, 8))
JOINT_NAMES = (*JOINTS, 'gripper')
Q = np.array([0.1, -0.2, 0.3, -2.0, 0.0, 1.9, 0.7])


class Affine:
    cameras = ()

    def __init__(self, space):
        names = CARTESIAN if space == CARTESIAN_DELTA else JOINT_NAMES
        width = len(names)
        self.spec = ActionSpec(6, width, width + 1, 20.0, names, ('1',) * width, 10, 3, space)

    def to_model(self, chunk, observation):
        model = np.full((*chunk.shape[:-1], self.spec.model_dim), 9.0)
        model[..., : self.spec.action_dim] = (chunk - 0.1) / 0.5
        return model

    def asarray(self, x):
        return np.asarray(x, dtype=np.float64)


def names_of(space):
    return CARTESIAN if space == CARTESIAN_DELTA else JOINT_NAMES


def rows(space, actions, hz=20.0, names=None, policy_space=None):
    policy = Affine(policy_space or space)
    given = GivenChunk(actions, names or names_of(space), space, hz)
    chunk = References()(given, policy, Observation({}, np.append(Q, 0.0)))
    assert chunk.shape == (1, 6, policy.spec.model_dim)
    assert not chunk[..., -1].any()
    return chunk[0, :, :-1] * 0.5 + 0.1


def some(space, n=6, seed=0):
    rng = np.random.default_rng(seed)
    actions = 0.3 * rng.standard_normal((n, len(names_of(space)))).clip(-2, 2)
    if space == JOINT_POSITION:
        actions[:, :7] = Q + 0.1 * np.cumsum(actions[:, :7], axis=0)
    return actions


@pytest.mark.parametrize('space', ACTION_SPACES)
def test_a_chunk_of_the_policys_own_form_is_kept(space):
    actions = some(space)
    np.testing.assert_allclose(rows(space, actions), actions, atol=1e-12)


@pytest.mark.parametrize('space', ACTION_SPACES)
def test_a_longer_chunk_is_cut_and_a_shorter_one_ends_in_standing_still(space):
    actions = some(space, 9)
    np.testing.assert_allclose(rows(space, actions), actions[:6], atol=1e-12)
    short = rows(space, actions[:2])
    np.testing.assert_allclose(short[:2], actions[:2], atol=1e-12)
    still = actions[1, :-1] if space == JOINT_POSITION else np.zeros(len(names_of(space)) - 1)
    np.testing.assert_allclose(short[2:, :-1], np.tile(still, (4, 1)), atol=1e-12)
    np.testing.assert_allclose(short[2:, -1], actions[1, -1])  # the hand keeps its command


@pytest.mark.parametrize('space', ACTION_SPACES)
def test_what_is_not_named_stands_still(space):
    name = names_of(space)[1]
    values = 0.1 + (Q[1] if space == JOINT_POSITION else 0)
    kept = rows(space, np.full((6, 1), values), names=(name,))
    rest = np.zeros(len(names_of(space)))
    if space == JOINT_POSITION:
        rest[:7] = Q
    rest[-1] = 0.0 if space == CARTESIAN_DELTA else 0.5  # a neutral hand
    rest[1] = values
    np.testing.assert_allclose(kept, np.tile(rest, (6, 1)), atol=1e-12)


@pytest.mark.parametrize('space', ACTION_SPACES)
def test_the_hand_alone_may_be_given(space):
    found = rows(space, np.array([[1.0], [0.0], [1.0]]), 10.0, ('gripper',))
    np.testing.assert_allclose(found[:, -1], [1, 1, 0, 0, 1, 1])
    still = Q if space == JOINT_POSITION else np.zeros(len(names_of(space)) - 1)
    np.testing.assert_allclose(found[:, :-1], np.tile(still, (6, 1)), atol=1e-12)


@pytest.mark.parametrize('space', ACTION_SPACES)
def test_columns_come_in_any_order(space):
    names = names_of(space)
    actions = some(space)
    turned = rows(space, actions[:, ::-1], names=names[::-1])
    np.testing.assert_allclose(turned, actions, atol=1e-12)


def test_what_a_chunk_speaks_of():
    def parts(*names, space=CARTESIAN_DELTA):
        return GivenChunk(np.zeros((1, len(names))), names, space, 20.0).parts

    assert parts('x') == {Part.TRANSLATION}
    assert parts('yaw', 'gripper') == {Part.ROTATION, Part.GRIPPER}
    assert parts('joint_3', space=JOINT_DELTA) == {Part.TRANSLATION, Part.ROTATION}


# ---- another rate -----------------------------------------------------------------------------


@pytest.mark.parametrize('hz', [10.0, 15.0, 30.0, 40.0])
@pytest.mark.parametrize('space', [CARTESIAN_DELTA, JOINT_DELTA, JOINT_VELOCITY])
def test_the_arm_goes_the_same_way_in_the_same_time(space, hz):
    n = int(0.3 * hz)  # as long as the policy's chunk
    actions = some(space, n)
    before, after = actions[:, :-1], rows(space, actions, hz)[:, :-1]
    if space == JOINT_VELOCITY:
        before, after = before / hz, after / 20
    there = np.arange(7) / 20
    way = [np.interp(there, np.arange(n + 1) / hz, [0, *np.cumsum(c)]) for c in before.T]
    np.testing.assert_allclose(np.cumsum(after, axis=0), np.stack(way, 1)[1:], atol=1e-9)


def test_steps_at_half_the_rate_are_halved():
    actions = np.full((3, 7), 0.8)
    np.testing.assert_allclose(rows(CARTESIAN_DELTA, actions, 10.0)[:, :6], 0.4)


def test_positions_are_joined_by_straight_lines_from_where_the_arm_is():
    goal = np.append(Q + 0.2, 1.0)
    found = rows(JOINT_POSITION, np.array([goal, goal]), 5.0)  # one action lasts four of ours
    np.testing.assert_allclose(found[:4, :7], Q + 0.05 * np.arange(1, 5)[:, None])
    np.testing.assert_allclose(found[4:, :7], np.tile(Q + 0.2, (2, 1)))


def test_the_hand_does_not_ramp():
    hand = np.array([-1.0, -1.0, 1.0])[:, None]
    np.testing.assert_array_equal(resampling.held(hand, 10, 20, 8)[:, 0], [-1] * 4 + [1] * 4)
    np.testing.assert_array_equal(resampling.held(hand, 40, 20, 2)[:, 0], [-1, 1])


# ---- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'actions': np.zeros((0, 7))}, r'must be \[n, 7\]'),
        ({'actions': np.zeros((3, 6))}, r'this one is \(3, 6\)'),
        ({'actions': np.zeros(7)}, r'must be \[n, 7\]'),
        ({'actions': np.full((3, 7), np.inf)}, 'finite'),
        ({'actions': np.full((3, 7), 30.0)}, "units of 'cartesian_delta'"),
        ({'names': ()}, 'must have names'),
        ({'names': ('x',) * 7}, 'each another one'),
        ({'space': 'polar'}, "unknown action space 'polar'"),
        ({'control_hz': 0.0}, 'rate'),
        ({'control_hz': float('nan')}, 'rate'),
    ],
)
def test_chunks_that_cannot_be_meant_cannot_be_made(wrong, message):
    good = {
        'actions': np.zeros((3, 7)),
        'names': CARTESIAN,
        'space': CARTESIAN_DELTA,
        'control_hz': 20.0,
    }
    with pytest.raises(ConfigError, match=message):
        GivenChunk(**{**good, **wrong})


def test_another_space_is_refused():
    with pytest.raises(GuidanceError, match="'joint_velocity', the policy acts in 'joint_delta'"):
        rows(JOINT_VELOCITY, np.zeros((3, 8)), policy_space=JOINT_DELTA)


def test_a_column_the_policy_has_not_is_named():
    with pytest.raises(GuidanceError, match='cannot be guided in elbow'):
        rows(JOINT_DELTA, np.zeros((3, 1)), names=('elbow',))


def test_positions_far_from_the_arm_are_refused():
    actions = np.tile(np.append(Q, 0.0), (3, 1))
    actions[:, 3] += 0.6
    with pytest.raises(GuidanceError, match=r'0\.60 rad from where joint_4 is'):
        rows(JOINT_POSITION, actions)
