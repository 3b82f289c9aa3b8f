# SPDX-License-Identifier: Apache-2.0
"""The wish itself, executed without asking the policy: the baseline that steering must beat."""

from __future__ import annotations

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.guidance.guidance import Gripper, Guidance
from frs_ros.guidance.reference import GRIPPER, reference_chunk
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.diagnostics import against_reference
from frs_ros.steering.unsteered import Unsteered
from frs_ros.types import Observation, Plan


class Direct:
    """Executes the reference chunk; the executor clips it to the range of the actions.

    The reference's neutral gripper is no command (LIBERO would execute its sign), so a gripper
    left to the policy stays as it was last commanded.
    """

    name = 'direct'

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Guidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Decodes the wish; see `steering.base.Steerer.plan`. Spends no evaluation."""
        if guidance is None or not guidance.active:
            return Unsteered().plan(policy, observation, guidance, rng)
        spec = policy.spec
        with policy.inference():
            reference = reference_chunk(guidance, policy, observation)
            chunk = policy.from_model(reference, observation)[0]
        if guidance.gripper == Gripper.POLICY and GRIPPER in spec.names:
            chunk[:, spec.indices(GRIPPER)] = observation.gripper_command
        model = to_numpy(reference)[0]
        return Plan(
            chunk=chunk,
            noise=np.full((spec.horizon, spec.model_dim), np.nan, dtype=np.float32),
            method=self.name,
            nfe=0,
            diagnostics=against_reference(model, model, spec),
        )
