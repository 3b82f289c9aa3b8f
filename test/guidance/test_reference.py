# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_ros.errors import ConfigError
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.types import ActionSpec, Observation

NAMES = ('gripper', 'x', 'y', 'z', 'roll', 'pitch', 'yaw')  # not in the usual order
OFFSET, SCALE = np.array([0.1, 0.2, -0.3, 0.1, 0.0, 0.05, -0.1]), np.array([2, 1, 1, 1, 0.1, 1, 1])
SEEN = Observation(images={}, state=np.zeros(8))


class Affine:
    """Only what a reference chunk needs of a policy: spec, to_model and asarray."""

    spec = ActionSpec(5, 7, 9, 20.0, NAMES, ('1',) * 7, 10, 5)
    cameras = ()

    def to_model(self, chunk, observation):
        self.given = np.zeros((*chunk.shape[:-1], 9))
        self.given[..., :7] = (chunk - OFFSET) / SCALE
        return self.given

    def asarray(self, x):
        return np.asarray(x, dtype=np.float32)


def _rows(**wish):
    chunk = reference_chunk(Guidance(**wish), Affine(), SEEN)
    assert chunk.shape == (1, 5, 9)
    assert chunk.dtype == np.float32
    assert (chunk == chunk[:, :1]).all()
    return dict(zip((*NAMES, 'pad', 'pad2'), chunk[0, 0].tolist()))


def _zero(name):
    i = NAMES.index(name)
    return pytest.approx(-OFFSET[i] / SCALE[i], abs=1e-6)


def test_direction_is_written_in_normalised_space_and_the_rest_encodes_raw_zero():
    rows = _rows(direction=[0, -7, 0], magnitude=0.5)
    assert (rows['x'], rows['y'], rows['z']) == (0, -0.5, 0)
    assert all(rows[n] == _zero(n) for n in ('roll', 'pitch', 'yaw', 'gripper'))
    assert rows['pad'] == rows['pad2'] == 0


@given(
    st.lists(st.floats(-10, 10), min_size=3, max_size=3).filter(
        lambda d: np.linalg.norm(d) > 1e-3
    ),
    st.floats(0, 1),
)
def test_only_the_direction_of_the_direction_counts(direction, magnitude):
    rows = _rows(direction=direction, magnitude=magnitude)
    written = np.array([rows['x'], rows['y'], rows['z']])
    expected = magnitude * np.array(direction) / np.linalg.norm(direction)
    np.testing.assert_allclose(written, expected, atol=1e-6)


@pytest.mark.parametrize(('wish', 'raw'), [(Gripper.OPEN, -1), (Gripper.CLOSE, 1)])
def test_gripper_wishes_are_encoded_commands(wish, raw):
    rows = _rows(gripper=wish)
    assert rows['gripper'] == pytest.approx((raw - OFFSET[0]) / SCALE[0])
    assert all(rows[n] == _zero(n) for n in NAMES[1:])


def test_rotation_is_written_with_its_weight():
    rows = _rows(rotation=[0, 0, 0.5], direction=[1, 0, 0])
    assert (rows['roll'], rows['pitch'], rows['yaw']) == (0, 0, 0.5)
    assert rows['x'] == 1


class FromState(Affine):
    """Knows translation and rotation relative to the state, as openpi's pi0_libero does."""

    def to_model(self, chunk, observation):
        return super().to_model(chunk - np.array([0, *observation.state[:6]]), observation)


@pytest.mark.parametrize('place', [0.0, -0.2, 1.3])
def test_a_wish_means_the_same_wherever_the_hand_is(place):
    policy = FromState()
    seen = replace(SEEN, state=np.full(8, place))
    wish = Guidance(direction=[0, 1, 0], magnitude=0.5, rotation=[0.25, 0, 0])
    chunk = reference_chunk(wish, policy, seen)[0, :, :7]
    raw = chunk * SCALE + OFFSET + [0, *seen.state[:6]]
    np.testing.assert_allclose(raw[:, 1:], np.tile([0, 0.5, 0, 0.025, 0, 0], (5, 1)), atol=1e-6)


def test_the_policys_own_array_is_not_modified():
    policy = Affine()
    reference_chunk(Guidance(direction=[1, 0, 0]), policy, SEEN)
    assert policy.given[0, 0, 1] == pytest.approx(-0.2)


def test_a_dimension_the_policy_lacks_is_named():
    policy = Affine()
    names = ('gripper', 'joint1', 'joint2', 'joint3', 'joint4', 'joint5', 'joint6')
    policy.spec = replace(policy.spec, names=names)
    with pytest.raises(ConfigError, match=r'x, y, z.*joint1'):
        reference_chunk(Guidance(direction=[1, 0, 0]), policy, SEEN)
