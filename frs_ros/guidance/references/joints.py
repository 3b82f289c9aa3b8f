# SPDX-License-Identifier: Apache-2.0
"""Guidance written as a chunk of joint motion, through the kinematics of the arm.

What arXiv 2606.13675 writes into the normalised translation has no place of its own in the actions
of a joint-space policy: the guidance becomes the joint motion of least length that moves the tool
along it (J^+ v), starting from the joints in the observation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from frs_ros.arm.differential_ik import joint_motion, moved, reach
from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.units import JOINTS, gripper_units
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.direction import GRIPPER, GRIPPER_COMMAND, dimensions, encoded
from frs_ros.messages.any_guidance import GuidanceError
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import Observation

# A key of the paper's DROID keyboard is one step of DROID's inverse kinematics, at most this far
# (robot_ik_solver.py: max_lin_delta, max_rot_delta), and lasts `action_repeats` actions (appendix
# D.1; what its `keyboard_pos_scale` of 10 multiplies is not published: a full step is taken here).
# The step is spread evenly over those actions, as recorded positions have no stairs.
KEY_STEP = 0.075  # m
KEY_TURN = 0.15  # rad
ACTION_REPEATS = 5

_STILL = 1e-9  # a joint motion shorter than this has no direction


def delta_reference(
    kinematics: Kinematics, guidance: Guidance, policy: FlowPolicy, observation: Observation
) -> Any:
    """Constant rows of joint deltas.

    Magnitude 1 is the fastest motion along the direction in which no joint exceeds |a| = 1 (DROID
    executes no more) or moves further from standing still than 1 in model space, half the range
    of the training data. A rotation likewise, times its weight. Near a singularity the guidance
    fades out with the part of it that the arm still can do.

    Args:
        kinematics: Of the arm.
        guidance: Active guidance in the base frame.
        policy: Its `spec` names the dimensions, its `to_model` encodes.
        observation: Its state begins with the joint positions, 7 rad.

    Returns:
        [1, H, D] in model space, as the policy's array type; GuidanceError if the policy's actions
        or the state are not those of a joint-space policy.
    """
    return _constant(kinematics, guidance, policy, observation, largest=1.0)


def velocity_reference(
    kinematics: Kinematics, guidance: Guidance, policy: FlowPolicy, observation: Observation
) -> Any:
    """Constant rows of joint velocities; as `delta_reference`, limited by the model space only."""
    return _constant(kinematics, guidance, policy, observation, largest=np.inf)


def position_reference(
    kinematics: Kinematics, guidance: Guidance, policy: FlowPolicy, observation: Observation
) -> Any:
    """Joint positions along the tool's straight way, one row further each.

    Magnitude 1 is `KEY_STEP` in `ACTION_REPEATS` actions. Arguments and result as in
    `delta_reference`.
    """
    q = arm_joints(observation)
    pose = kinematics.pose(q)
    rows = []
    for k in range(1, policy.spec.horizon + 1):
        shift = _unit(guidance.direction) * guidance.magnitude * KEY_STEP * k / ACTION_REPEATS
        turn = guidance.rotation * KEY_TURN * k / ACTION_REPEATS
        q = reach(kinematics, q, moved(pose, shift, turn))
        rows.append(q)
    return write_joints(np.array(rows), guidance.gripper, policy, observation)


def _constant(
    kinematics: Kinematics,
    guidance: Guidance,
    policy: FlowPolicy,
    observation: Observation,
    largest: float,
) -> Any:
    jacobian = kinematics.jacobian(arm_joints(observation))
    none, total = np.zeros(3), np.zeros(len(JOINTS))
    for twist, share in (
        (np.concatenate([_unit(guidance.direction), none]), guidance.magnitude),
        (np.concatenate([none, _unit(guidance.rotation)]), np.linalg.norm(guidance.rotation)),
    ):
        motion = joint_motion(jacobian, twist)
        able = float(np.clip(twist @ jacobian @ motion, 0, 1))  # 1 far from singularities
        total += share * able * motion * _fastest(motion, largest, policy, observation)
    total *= min(1.0, _fastest(total, largest, policy, observation))
    rows = np.tile(total, (policy.spec.horizon, 1))
    return write_joints(rows, guidance.gripper, policy, observation)


def _fastest(
    motion: np.ndarray, largest: float, policy: FlowPolicy, observation: Observation
) -> float:
    """How many times the joint motion [7] (in units) fits into the limits; 0 if it is none."""
    size = float(np.abs(motion).max())
    if size < _STILL:
        return 0.0
    spec = policy.spec
    dims = dimensions(spec, *JOINTS)
    raw = np.zeros((2, spec.horizon, spec.action_dim))
    raw[1][:, dims] = motion
    still, moving = to_numpy(policy.to_model(raw, observation))[..., dims]
    return 1.0 / max(float(np.abs(moving - still).max()), size / largest)


def write_joints(
    joints: np.ndarray, gripper: Gripper, policy: FlowPolicy, observation: Observation
) -> Any:
    """[1, H, D] in model space: joints [H, 7] in units, the commanded gripper or a neutral one."""
    spec = policy.spec
    raw = np.zeros((1, spec.horizon, spec.action_dim))
    raw[..., dimensions(spec, *JOINTS)] = joints
    command = GRIPPER_COMMAND[gripper]
    raw[..., dimensions(spec, GRIPPER)] = gripper_units(command, spec.space)
    return encoded(raw, policy, observation)


def _unit(vector: np.ndarray) -> np.ndarray:
    """[3] unit vector, or zeros where there is no guidance."""
    length = np.linalg.norm(vector)
    return np.asarray(vector / length if length > 0 else vector)


def arm_joints(observation: Observation) -> np.ndarray:
    """[7] joint positions at the start of the state."""
    q = np.asarray(observation.state, dtype=np.float64)[: len(JOINTS)]
    if q.shape != (len(JOINTS),) or not np.isfinite(q).all():
        raise GuidanceError(f'state must begin with 7 finite joint positions, not {q}')
    return q
