# SPDX-License-Identifier: Apache-2.0
"""The reference itself, executed without asking the policy: the baseline to beat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from frs_ros.arm.units import gripper_units
from frs_ros.errors import choose
from frs_ros.guidance.references.direction import GRIPPER
from frs_ros.messages.any_guidance import AnyGuidance, Part
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.kernel import GuidedMethod, Steered, Steering
from frs_ros.types import Observation, Plan

HELD = 'held'
GRIPPERS = (HELD, 'neutral')


@dataclass(frozen=True)
class Direct(GuidedMethod):
    """Executes the reference chunk; the executor clips it to the range of the actions.

    The reference's neutral gripper is hardly a command (LIBERO executes its sign), so a gripper
    that the guidance does not mention stays as it was last commanded, unless set otherwise.

    Attributes:
        reference: Writes guidance as a reference chunk.
        gripper: Where the guidance does not mention it: 'held' where it is, or 'neutral', the
            reference's raw 0 as it is.
    """

    name: ClassVar[str] = 'direct'
    gripper: str = HELD

    def __post_init__(self) -> None:
        choose('gripper', self.gripper, GRIPPERS)

    def steer(self, steering: Steering) -> Steered:
        """See `GuidedMethod.steer`; spends no evaluation."""
        return Steered(steering.written)

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Decodes the reference; see `steering.base.Steerer.plan`."""
        plan = super().plan(policy, observation, guidance, rng)
        spec = policy.spec
        if guidance is None or not guidance.active or self.gripper != HELD:
            return plan
        if Part.GRIPPER in guidance.parts or GRIPPER not in spec.names:
            return plan
        chunk = plan.chunk.copy()
        chunk[:, spec.indices(GRIPPER)] = gripper_units(observation.gripper_command, spec.space)
        return replace(plan, chunk=chunk)
