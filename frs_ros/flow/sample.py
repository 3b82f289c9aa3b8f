# SPDX-License-Identifier: Apache-2.0
"""Noise to action: the sampler of flow-matching policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frs_ros.flow.arrays import filled
from frs_ros.flow.grids import Times, intervals

# velocity(x [B, ...], t [B]) -> dx/dt [B, ...]
Velocity = Callable[[Any, Any], Any]


def sample(velocity: Velocity, noise: Any, times: Times) -> Any:
    """Integrates dx/dt = v(x, t) from noise to action by explicit Euler steps.

    This is the native sampler of pi0, pi0.5 and SmolVLA on their uniform grid: each step uses the
    velocity at its lower end. Differentiable in torch.

    Args:
        velocity: The field.
        noise: [B, ...] numpy array or torch tensor; not modified. A latent of another time is
            sampled from there if the grid begins at its time.
        times: Increasing grid from 0 to 1 or a part of one; ValueError otherwise.

    Returns:
        [B, ...] actions, same library and dtype as `noise`.
    """
    return trajectory(velocity, noise, times)[-1]


def trajectory(velocity: Velocity, noise: Any, times: Times) -> list[Any]:
    """As `sample`, with the latents at all times, the given one first."""
    path = [noise]
    for lower, upper in intervals(times):
        x = path[-1]
        path.append(x + (upper - lower) * velocity(x, filled(lower, x)))
    return path
