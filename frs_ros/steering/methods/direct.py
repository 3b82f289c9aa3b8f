# SPDX-License-Identifier: Apache-2.0
"""The wish itself, executed without asking the policy: the baseline that steering must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from frs_ros.arm.units import gripper_units
from frs_ros.errors import choose
from frs_ros.guidance.references.direction import GRIPPER, ReferenceWriter
from frs_ros.guidance.references.writer import reference_chunk
from frs_ros.messages.wish import Part, Wish
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.checks import finite_reference
from frs_ros.steering.diagnostics import against_reference, standing_still
from frs_ros.steering.methods.unsteered import Unsteered
from frs_ros.types import Observation, Plan

HELD = 'held'
GRIPPERS = (HELD, 'neutral')


@dataclass(frozen=True)
class Direct:
    """Executes the reference chunk; the executor clips it to the range of the actions.

    The reference's neutral gripper is hardly a command (LIBERO executes its sign), so a gripper
    that the wish says nothing about stays as it was last commanded, unless told otherwise.

    Attributes:
        reference: Writes the wish as a chunk.
        gripper: Of wishes that do not speak of it: 'held' where it is, or 'neutral', the
            reference's raw 0 as it is.
    """

    name: ClassVar[str] = 'direct'
    reference: ReferenceWriter = reference_chunk
    gripper: str = HELD

    def __post_init__(self) -> None:
        choose('gripper', self.gripper, GRIPPERS)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Wish | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Decodes the wish; see `steering.base.Steerer.plan`. Spends no evaluation."""
        if guidance is None or not guidance.active:
            return Unsteered().plan(policy, observation, guidance, rng)
        spec = policy.spec
        with policy.inference():
            reference = self.reference(guidance, policy, observation)
            model = finite_reference(reference)
            chunk = policy.from_model(reference, observation)[0]
            still = standing_still(policy, observation)
        unsaid = Part.GRIPPER not in guidance.parts and GRIPPER in spec.names
        if unsaid and self.gripper == HELD:
            last = gripper_units(observation.gripper_command, spec.space)
            chunk[:, spec.indices(GRIPPER)] = last
        return Plan(
            chunk=chunk,
            noise=np.full((spec.horizon, spec.model_dim), np.nan, dtype=np.float32),
            method=self.name,
            nfe=0,
            diagnostics=against_reference(model, model, still, spec),
        )
