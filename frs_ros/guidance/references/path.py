# SPDX-License-Identifier: Apache-2.0
"""A path written as a chunk: as far as the chunk reaches at full command."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from frs_ros.arm.action_spaces.cartesian_delta import STEP, TURN
from frs_ros.arm.action_spaces.joint_delta import MAX_DELTA
from frs_ros.arm.differential_ik import difference, joint_motion, reach
from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.units import JOINTS
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.path import Path, walked
from frs_ros.guidance.references.direction import (
    GRIPPER,
    GRIPPER_COMMAND,
    ROTATION,
    TRANSLATION,
    dimensions,
    encoded,
)
from frs_ros.guidance.references.frames import tool_pose
from frs_ros.guidance.references.joints import (
    ACTION_REPEATS,
    KEY_STEP,
    KEY_TURN,
    arm_joints,
    write_joints,
)
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import (
    CARTESIAN_DELTA,
    JOINT_DELTA,
    JOINT_POSITION,
    JOINT_VELOCITY,
    ActionSpec,
    Observation,
)

# Share of a commanded step that the arm has gone when the next action begins: both spaces set a
# target ahead for a soft controller to lean towards. LIBERO's OSC_POSE, over 10 actions of full
# command: 10 to 12 of 50 mm, 0.06 to 0.12 of 0.5 rad. DROID's joint steps under its gains, over a
# chunk in a physics simulation: 0.28 to 0.38. Positions and velocities are taken to be followed.
GAINS = {CARTESIAN_DELTA: 0.24, JOINT_DELTA: 0.33, JOINT_POSITION: 1.0, JOINT_VELOCITY: 1.0}

STEPS = (JOINT_DELTA, JOINT_VELOCITY)  # joint spaces of motion, not of places

# Joint motion [7] in rad -> actions that it takes at full command.
_Fits = Callable[[np.ndarray], float]


def path_reference(
    path: Path,
    policy: FlowPolicy,
    observation: Observation,
    kinematics: Kinematics | None = None,
    gain: float | None = None,
) -> Any:
    """The chunk that goes along the path, as far as it gets.

    Full command is, as for a direction, the edge of the training data in model space, and never
    more than the executor takes: 1 in spaces of steps; positions follow the tool at the speed of
    `joint_reference.position_reference`. Once the path ends the arm stands still.

    Args:
        path: An active one.
        policy: Its `spec` names the dimensions, its `to_model` encodes.
        observation: Its state says where the tool is.
        kinematics: Of the arm; Cartesian policies do without.
        gain: Share of a commanded step that the arm really goes; None for `GAINS`.

    Returns:
        [1, H, D] in model space, as the policy's array type; GuidanceError if the policy's actions
        or the state are not those of its space, or kinematics are missing.
    """
    space = policy.spec.space
    gain = GAINS[space] if gain is None else gain
    start = tool_pose(observation, space, kinematics)
    if space == CARTESIAN_DELTA:
        return _cartesian(path, policy, observation, start, gain)
    assert kinematics is not None  # else there is no pose
    return _joints(path, policy, observation, start, kinematics, gain)


def _joints(
    path: Path,
    policy: FlowPolicy,
    observation: Observation,
    start: np.ndarray,
    kinematics: Kinematics,
    gain: float,
) -> Any:
    spec, q = policy.spec, arm_joints(observation)
    jacobian = kinematics.jacobian(q)  # of now: a chunk does not change it much
    raw_per_radian = _joint_scale(spec, gain)
    fits = _joint_actions(policy, observation, raw_per_radian)

    def cost(motion: np.ndarray) -> float:
        return fits(joint_motion(jacobian, motion))

    rows = [q]
    for pose in walked(path, start, spec.horizon, cost if spec.space in STEPS else _key_actions):
        way = reach(kinematics, rows[-1], pose) - rows[-1]
        rows.append(rows[-1] + (way / max(1.0, fits(way)) if spec.space in STEPS else way))
    joints = np.array(rows)
    raw = np.diff(joints, axis=0) * raw_per_radian if spec.space in STEPS else joints[1:]
    return write_joints(raw, path.gripper, policy, observation)


def _cartesian(
    path: Path, policy: FlowPolicy, observation: Observation, start: np.ndarray, gain: float
) -> Any:
    spec = policy.spec
    dims = dimensions(spec, *TRANSLATION, *ROTATION)
    metres, radians = STEP * gain, TURN * gain
    unit = np.array([metres] * 3 + [radians] * 3)
    raw = np.zeros((1, spec.horizon, spec.action_dim))
    still = to_numpy(policy.to_model(raw, observation))[0, 0]

    def cost(motion: np.ndarray) -> float:
        command = motion / unit
        one = raw.copy()
        one[..., dims] = command
        model = (to_numpy(policy.to_model(one, observation))[0, 0] - still)[dims]
        return max(
            float(np.linalg.norm(half)) for c in (command, model) for half in np.split(c, 2)
        )

    poses = [start, *walked(path, start, spec.horizon, cost)]
    steps = [difference(before, after) / unit for before, after in pairwise(poses)]
    raw[0][:, dims] = steps
    raw[..., dimensions(spec, GRIPPER)] = GRIPPER_COMMAND[path.gripper]
    return encoded(raw, policy, observation)


def _joint_scale(spec: ActionSpec, gain: float) -> float:
    """Units of an action for a joint motion of 1 rad per action."""
    return {
        JOINT_DELTA: 1 / (MAX_DELTA * gain),
        JOINT_VELOCITY: spec.control_hz,
        JOINT_POSITION: 1.0,
    }[spec.space]


def _joint_actions(policy: FlowPolicy, observation: Observation, raw_per_radian: float) -> _Fits:
    """How many actions of full command a joint motion [7] in rad takes."""
    spec = policy.spec
    dims = dimensions(spec, *JOINTS)
    largest = 1.0 if spec.space == JOINT_DELTA else np.inf
    raw = np.zeros((1, spec.horizon, spec.action_dim))
    still = to_numpy(policy.to_model(raw, observation))[0, 0, dims]

    def actions(motion: np.ndarray) -> float:
        one = raw.copy()
        one[..., dims] = motion * raw_per_radian
        model = to_numpy(policy.to_model(one, observation))[0, 0, dims] - still
        return max(
            float(np.abs(model).max()), float(np.abs(motion).max()) * raw_per_radian / largest
        )

    return actions


def _key_actions(motion: np.ndarray) -> float:
    """How many actions a motion of the tool [6] takes at the speed of a key."""
    shift, turn = (float(np.linalg.norm(half)) for half in np.split(motion, 2))
    return ACTION_REPEATS * max(shift / KEY_STEP, turn / KEY_TURN)
