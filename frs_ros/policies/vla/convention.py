# SPDX-License-Identifier: Apache-2.0
"""Which way flow time runs in a policy's own code, and the way back to ours (`flow.grids`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Convention:
    """Between a stack's t and v and ours; x_t is the same point of the same straight path.

    Attributes:
        noise_at: The stack's time of pure noise, 1 or 0.
    """

    noise_at: int

    def time(self, t: Any) -> Any:
        """Our t (0 noise, 1 action) in the stack's count."""
        return 1 - t if self.noise_at == 1 else t

    def velocity(self, v: Any) -> Any:
        """The stack's dx/dt as ours, action - noise: running time backwards flips the sign."""
        return -v if self.noise_at == 1 else v


# openpi and LeRobot: x_t = t noise + (1 - t) action, v = noise - action (openpi, pi0_pytorch.py).
NOISE_AT_ONE = Convention(1)
# The paper and GR00T: x_t = (1 - t) noise + t action, v = action - noise.
NOISE_AT_ZERO = Convention(0)
