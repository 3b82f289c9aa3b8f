# SPDX-License-Identifier: Apache-2.0
"""Whether a policy would do by itself what somebody has demonstrated."""

from __future__ import annotations

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.guidance.references.direction import GRIPPER, ROTATION
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.kernel import draw_noise, field_of
from frs_ros.steering.scores import distance

SAMPLES = 16
NEARLY_ALL = 0.9  # share of the samples


def distance_to_nearly_all(
    policy: FlowPolicy, context: Context, reference: np.ndarray, rng: np.random.Generator
) -> float:
    """How near nearly all of the policy's own plans come to a chunk.

    Only those actions count that would be executed, and of them where the hand goes: how it turns
    and the moment at which it closes may differ a little without harm.

    Args:
        policy: The frozen policy.
        context: Of batch size 1: the observation with which the chunk begins.
        reference: [H, A] the chunk in model space.
        rng: Source of the policy's noise.

    Returns:
        The 90 % quantile of the RMS differences, in model space, where 1 is full command.
    """
    spec = policy.spec
    motion = [i for i, name in enumerate(spec.names) if name not in (*ROTATION, GRIPPER)]
    noise = np.stack([draw_noise(policy, rng) for _ in range(SAMPLES)])
    with policy.inference():
        field = field_of(policy, context.expand(SAMPLES))
        plans = to_numpy(sample(field, policy.asarray(noise), uniform(spec.steps)))
    rows = slice(spec.execute_steps)
    away = -distance(plans[:, rows][..., motion], reference[rows][..., motion])
    return float(np.quantile(away, NEARLY_ALL))
