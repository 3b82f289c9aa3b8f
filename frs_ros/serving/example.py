# SPDX-License-Identifier: Apache-2.0
"""An observation of the kind a policy is fed, for trying it out."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.models import FR3
from frs_ros.policies.base import FlowPolicy
from frs_ros.types import CARTESIAN_DELTA, Observation

LIBERO_STATE = (0.0, 0.0, 0.5, 3.1, 0.0, 0.0, 0.04, -0.04)  # near where its episodes start


def example_observation(policy: FlowPolicy) -> Observation:
    """Black images and the state that an episode starts from."""
    images = {c.name: np.zeros((c.height, c.width, 3), np.uint8) for c in policy.cameras}
    if policy.spec.space == CARTESIAN_DELTA:
        return Observation(images, np.array(LIBERO_STATE))
    return Observation(images, np.append(FR3.home, 0.0))
