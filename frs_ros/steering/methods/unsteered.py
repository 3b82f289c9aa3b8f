# SPDX-License-Identifier: Apache-2.0
"""The policy as it is: fresh noise, native sampler."""

from __future__ import annotations

import numpy as np

from frs_ros.messages.any_guidance import AnyGuidance
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.kernel import unsteered
from frs_ros.types import Observation, Plan


class Unsteered:
    """Ignores guidance. What every other method does when there is none."""

    name = 'base'

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: AnyGuidance | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Samples a chunk; see `steering.base.Steerer.plan`."""
        del guidance
        return unsteered(policy, observation, rng, self.name)
