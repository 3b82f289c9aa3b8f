# SPDX-License-Identifier: Apache-2.0
"""The steps that steering methods have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import Velocity, sample
from frs_ros.policies.base import Context, FlowPolicy
from frs_ros.steering.diagnostics import chi_percentile
from frs_ros.types import Observation, Plan


def draw_noise(policy: FlowPolicy, rng: np.random.Generator) -> np.ndarray:
    """[H, D] float32 standard normal noise: the first draw of every plan."""
    shape = (policy.spec.horizon, policy.spec.model_dim)
    return rng.standard_normal(shape, dtype=np.float32)


def field_of(policy: FlowPolicy, context: Context) -> Velocity:
    """The policy's velocity field for one encoded observation."""

    def velocity(x: Any, t: Any) -> Any:
        return policy.velocity(x, t, context)

    return velocity


def denoise(
    policy: FlowPolicy,
    observation: Observation,
    context: Context,
    noise: np.ndarray,
    method: str,
    spent: int = 0,
) -> tuple[Plan, np.ndarray]:
    """Samples a plan from noise with the policy's native sampler.

    Args:
        policy: The frozen policy.
        observation: What `context` was encoded from.
        context: Of batch size 1.
        noise: [H, D] float32.
        method: Name for the plan.
        spent: Velocity evaluations already made for this plan.

    Returns:
        The plan, and its chunk [H, D] in model space.
    """
    steps = policy.spec.steps
    x = sample(field_of(policy, context), policy.asarray(noise[None]), uniform(steps))
    plan = Plan(
        chunk=policy.from_model(x, observation)[0],
        noise=noise,
        method=method,
        nfe=spent + steps,
        diagnostics={'chi_percentile': chi_percentile(noise)},
    )
    return plan, to_numpy(x)[0]


def with_diagnostics(plan: Plan, more: Mapping[str, float]) -> Plan:
    """The plan with further named numbers."""
    return replace(plan, diagnostics={**plan.diagnostics, **more})
