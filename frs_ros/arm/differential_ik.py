# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics from where the arm is, for steps and short paths of the tool.

Damped least squares (Wampler 1986; Nakamura and Hanafusa 1986) with damping that sets in only
near a singularity, in the directions that are lost there, and grows towards it (Chiaverini 1997).
"""

from __future__ import annotations

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.policies.proprioception import rotation_matrices

NEAR_SINGULAR = 0.05  # smallest singular value below which damping begins
MAX_DAMPING = 0.05  # at a singularity; as large, so that the gain falls linearly to 0
ITERATIONS = 8
CLOSE_ENOUGH = 1e-6  # m and rad
MAX_STEP = 0.5  # rad of any joint in one step


def joint_motion(jacobian: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """[7] joint motion of least length that moves the tool by a small twist.

    Args:
        jacobian: [6, 7] of the tool.
        twist: [6] translation (m or m/s) and rotation (rad or rad/s) along the base axes.
    """
    u, sigma, vt = np.linalg.svd(jacobian, full_matrices=False)
    closeness = np.clip(1 - (sigma / NEAR_SINGULAR) ** 2, 0, 1)
    gain = sigma / (sigma**2 + MAX_DAMPING**2 * closeness + np.finfo(float).tiny)
    return np.asarray(vt.T @ (gain * (u.T @ twist)))


def reach(kinematics: Kinematics, q: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """[7] joint positions near q whose tool pose is `pose`, or as near to it as the arm gets.

    The way from q is `shortened`.

    Args:
        kinematics: Of the arm.
        q: [7] joint positions to start from, rad.
        pose: [4, 4] desired pose of the tool, not far from the present one.
    """
    found = np.array(q)
    for _ in range(ITERATIONS):
        error = difference(kinematics.pose(found), pose)
        if np.abs(error).max() < CLOSE_ENOUGH:
            break
        found = found + joint_motion(kinematics.jacobian(found), error)
    return np.array(q + shortened(found - q))


def shortened(motion: np.ndarray) -> np.ndarray:
    """[7] the motion, all joints alike, scaled down until no joint moves more than `MAX_STEP`."""
    return np.asarray(motion / max(1.0, float(np.abs(motion).max()) / MAX_STEP))


def moved(pose: np.ndarray, translation: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """[4, 4] the pose, shifted by [3] m and turned about itself by axis-angle [3], base axes."""
    after = np.array(pose)
    after[:3, 3] += translation
    after[:3, :3] = rotation_matrices(rotation) @ pose[:3, :3]
    return after


def difference(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """[6] translation (m) and rotation (axis-angle) from one pose to another, base axes.

    For poses less than half a turn apart.
    """
    turn = end[:3, :3] @ start[:3, :3].T
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    sine, cosine = np.linalg.norm(axis) / 2, (np.trace(turn) - 1) / 2
    angle = np.arctan2(sine, cosine)
    rotation = axis / 2 * (angle / sine if sine > 1e-9 else 1.0)
    return np.concatenate([end[:3, 3] - start[:3, 3], rotation])
