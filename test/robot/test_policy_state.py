# SPDX-License-Identifier: Apache-2.0
"""Proprioception of an arm as policies know it."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.policies.proprioception import rotation_matrices
from frs_ros.robot.base import ArmState
from frs_ros.robot.policy_state import JOINTS, LAYOUTS, LIBERO, axis_angle, layout_for
from frs_ros.types import ACTION_SPACES, CARTESIAN_DELTA


def arm(width: float) -> ArmState:
    pose = np.eye(4)
    pose[:3, :3] = np.diag([1.0, -1.0, -1.0])
    pose[:3, 3] = [0.4, 0.1, 0.3]
    return ArmState(0.0, 0.0, np.arange(7.0), np.zeros(7), pose, gripper_width=width)


def test_axis_angle_is_the_inverse_of_rodrigues():
    for vector in np.random.default_rng(1).normal(size=(200, 3)):
        vector *= min(1.0, (np.pi - 1e-6) / np.linalg.norm(vector))
        np.testing.assert_allclose(axis_angle(rotation_matrices(vector)), vector, atol=1e-6)


@pytest.mark.parametrize('axis', [np.eye(3)[0], np.eye(3)[1], np.ones(3) / np.sqrt(3)])
def test_axis_angle_at_half_a_turn_and_at_none(axis):
    half = axis_angle(rotation_matrices(np.pi * axis))
    np.testing.assert_allclose(np.abs(half), np.pi * axis, atol=1e-6)  # either sign is right
    np.testing.assert_array_equal(axis_angle(np.eye(3)), np.zeros(3))


def test_joint_layout():
    np.testing.assert_allclose(LAYOUTS[JOINTS](arm(0.02), 0.08), [*range(7), 0.75])
    assert LAYOUTS[JOINTS](arm(0.09), 0.08)[7] == 0.0
    assert LAYOUTS[JOINTS](arm(float('nan')), 0.08)[7] == 0.0  # unknown counts as open
    assert np.isfinite(LAYOUTS[JOINTS](arm(float('nan')), 0.0)).all()  # no gripper at all


def test_libero_layout():
    expected = [0.4, 0.1, 0.3, np.pi, 0.0, 0.0, 0.01, -0.01]
    np.testing.assert_allclose(LAYOUTS[LIBERO](arm(0.02), 0.08), expected, atol=1e-9)


def test_layout_follows_from_the_action_space():
    assert layout_for(CARTESIAN_DELTA) == LIBERO
    assert {layout_for(s) for s in ACTION_SPACES if s != CARTESIAN_DELTA} == {JOINTS}
