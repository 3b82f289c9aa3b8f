# SPDX-License-Identifier: Apache-2.0
"""The policy as it is: fresh noise, native sampler."""

from __future__ import annotations

import numpy as np

from frs_ros.messages.wish import Wish
from frs_ros.policies.base import FlowPolicy
from frs_ros.steering.denoise import denoise, draw_noise
from frs_ros.types import Observation, Plan


class Unsteered:
    """Ignores guidance. What every other method does when there is none."""

    name = 'base'

    def plan(
        self,
        policy: FlowPolicy,
        observation: Observation,
        guidance: Wish | None,
        rng: np.random.Generator,
    ) -> Plan:
        """Samples a chunk; see `steering.base.Steerer.plan`."""
        with policy.inference():
            noise = draw_noise(policy, rng)
            context = policy.encode(observation)
            return denoise(policy, observation, context, noise, self.name)[0]
