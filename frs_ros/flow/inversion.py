# SPDX-License-Identifier: Apache-2.0
"""What every inverse solver returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Inversion:
    """Noise that an inverse solver found for a batch of actions.

    Attributes:
        noise: [B, ...] array like the actions.
        nfe: Velocity evaluations spent, each on the whole batch.
        residual: [B] how far the noise is from an exact inverse: over the sampler's steps
            x = y + h v(y, t), the largest RMS of y + h v(y, t) - x that the solver has seen last
            in a step. NaN where it has seen none.
        converged: The noise is finite and, for iterative solvers, every residual is within the
            tolerance. False is an honest answer: the best noise found is returned anyway.
    """

    noise: Any
    nfe: int
    residual: Any
    converged: bool
