# SPDX-License-Identifier: Apache-2.0
"""Flow Reversal Steering (arXiv 2606.13675): guidance becomes noise, the noise an action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from frs_ros.flow.arrays import to_numpy
from frs_ros.flow.reverse_euler import reverse_euler
from frs_ros.steering.kernel import GuidedMethod, Steered, Steering


@dataclass(frozen=True)
class FlowReversalSteering(GuidedMethod):
    """Algorithm 1 of the paper; `frs_tuned` has the knobs.

    With v the policy's velocity field and h = 1 / K the step of its sampler,

        z = a_ref,   then  z <- z - h v(z, t)  for t = 1, 1 - h, ..., h      (reversal)
        a = z,       then  a <- a + h v(a, t)  for t = 0, h, ..., 1 - h      (native sampler)

    so that a plan costs 2 K evaluations. The padding of the model space says nothing about an
    action: there z is fresh noise, as in the unsteered plan.
    """

    name: ClassVar[str] = 'frs'

    def steer(self, steering: Steering) -> Steered:
        """See `GuidedMethod.steer`."""
        s = steering
        found = reverse_euler(s.velocity(), s.written, s.times)
        z, guided = to_numpy(found.noise)[0], np.arange(s.spec.model_dim) < s.spec.action_dim
        noise = np.where(guided, z, s.noise).astype(np.float32)
        numbers = {
            'noise_norm': float(np.sqrt(np.mean(z[:, guided] ** 2))),
            'inversion_residual': float(to_numpy(found.residual)[0]),
            'strength': 1.0,
            'fallback': 0.0,
        }
        return Steered(s.sample(noise[None]), noise, numbers)
