# SPDX-License-Identifier: Apache-2.0
"""What several ROS tests need: a policy with random weights, a scene, requests."""

from __future__ import annotations

import numpy as np
import pytest

from frs_ros.types import ObjectPose, PrivilegedScene


@pytest.fixture(scope='session')
def checkpoint(tmp_path_factory):
    """Path of a checkpoint with random weights."""
    from frs_ros.policies.checkpoint import save_policy
    from frs_ros.policies.mini import random_policy

    path = tmp_path_factory.mktemp('checkpoint') / 'random.safetensors'
    return str(save_policy(random_policy(seed=3), path, {}))


@pytest.fixture
def scene():
    """A scene of two objects, the target far to the left of the gripper."""
    return PrivilegedScene(
        gripper=np.array([0.1, -0.2, 0.9]),
        objects={
            'milk_1': ObjectPose(np.array([0.1, 0.3, 0.45]), np.array([0.05, 0.05, 0.12]), 0.45),
            'basket_1': ObjectPose(np.array([-0.1, 0.25, 0.41]), np.array([0.2, 0.2, 0.1]), 0.41),
        },
        target='milk_1',
        destination='basket_1',
        stamp_ns=12_345_678_901_234_567,
    )
