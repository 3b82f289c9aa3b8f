# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

pytest.importorskip('pinocchio')

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.robot.preview import tool_path
from frs_ros.types import CARTESIAN_DELTA, JOINT_DELTA, JOINT_POSITION, JOINT_VELOCITY

KINEMATICS = PinocchioKinematics.of_model(FR3)
POSE = KINEMATICS.pose(FR3.home)


def place(q):
    return KINEMATICS.pose(q)[:3, 3]


def test_cartesian_path_is_the_sum_of_its_steps():
    actions = np.zeros((3, 7))
    actions[:, 0], actions[1, 2] = 1, -5  # beyond 1 is clipped
    path = tool_path(actions, CARTESIAN_DELTA, 20, None, POSE, None)
    steps = [[0, 0, 0], [0.05, 0, 0], [0.1, 0, -0.05], [0.15, 0, -0.05]]
    np.testing.assert_allclose(path, POSE[:3, 3] + np.array(steps))


@pytest.mark.parametrize(
    ('space', 'value', 'joints'),
    [
        (JOINT_DELTA, 0.1, FR3.home + 0.02),
        (JOINT_VELOCITY, 0.3, FR3.home + 0.02),
        (JOINT_POSITION, 0.3, np.full(7, 0.3)),
    ],
)
def test_joint_path_goes_through_the_kinematics(space, value, joints):
    path = tool_path(np.full((2, 8), value), space, 15, FR3.home, POSE, KINEMATICS)
    assert path.shape == (3, 3)
    np.testing.assert_allclose(path[0], place(FR3.home))
    np.testing.assert_allclose(path[1], place(joints))
    last = joints if space == JOINT_POSITION else FR3.home + 0.04
    np.testing.assert_allclose(path[2], place(last))


def test_what_is_missing_is_named():
    with pytest.raises(ConfigError, match='joint positions and kinematics'):
        tool_path(np.zeros((2, 8)), JOINT_DELTA, 15, None, POSE, None)
    with pytest.raises(ConfigError, match='unknown action space'):
        tool_path(np.zeros((2, 8)), 'torque', 15, FR3.home, POSE, KINEMATICS)
    with pytest.raises(ValueError, match='actions'):
        tool_path(np.full((2, 7), np.nan), CARTESIAN_DELTA, 15, None, POSE, None)
