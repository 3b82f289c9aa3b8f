# SPDX-License-Identifier: Apache-2.0
"""Numbers that tell how a steered plan relates to its noise's law and to the guidance."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.units import JOINTS
from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.references.direction import TRANSLATION
from frs_ros.guidance.references.joints import arm_joints, write_joints
from frs_ros.messages.guidance import Gripper
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import JOINT_POSITION, ActionSpec, Observation


def chi_percentile(noise: np.ndarray) -> float:
    """Where ||noise||^2 lies in the chi-square law with as many degrees of freedom, in [0, 1].

    Near 1: noise the policy has not been trained on (arXiv 2606.13675, appendix C). Compare it
    with the policy's own re-reversed samples, which can lie near 0, not with 0.5.
    """
    from scipy.special import chdtr

    return float(chdtr(noise.size, np.sum(np.square(noise, dtype=np.float64))))


def standing_still(policy: FlowPolicy, observation: Observation) -> np.ndarray:
    """[H, D] in model space from which chunks count as motion.

    The present joints of a policy of joint positions; 0 in every other dimension and space.
    """
    spec = policy.spec
    still = np.zeros((spec.horizon, spec.model_dim), np.float32)
    if spec.space == JOINT_POSITION:
        joints = np.tile(arm_joints(observation), (spec.horizon, 1))
        written = to_numpy(write_joints(joints, Gripper.POLICY, policy, observation))[0]
        dims = spec.indices(*JOINTS)
        still[:, dims] = written[:, dims]
    return still


def against_reference(
    chunk: np.ndarray, reference: np.ndarray, still: np.ndarray, spec: ActionSpec
) -> dict[str, float]:
    """`round_trip_rms` and `cosine` of two chunks [H, D] in model space.

    Only what moves the arm counts: the translation, or all joints. The cosine is left out where
    it does not exist: a chunk or a reference without motion.

    Args:
        chunk: The plan.
        reference: The guidance as a chunk.
        still: See `standing_still`.
        spec: Of both.
    """
    names = next((n for n in (TRANSLATION, JOINTS) if set(n) <= set(spec.names)), None)
    if names is None:
        return {}
    dims = spec.indices(*names)
    a, b = ((x - still)[:, dims].ravel() for x in (chunk, reference))
    numbers = {'round_trip_rms': float(np.sqrt(np.mean((a - b) ** 2)))}
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths > 0:
        numbers['cosine'] = float(a @ b / lengths)
    return numbers
