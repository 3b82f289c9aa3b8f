# SPDX-License-Identifier: Apache-2.0
"""Features -> actions by flow matching: standard behaviour cloning, what DSBC is compared with."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from frs_ros.flow.grids import uniform
from frs_ros.flow.sample import sample
from frs_ros.policies.noise.network import mlp

STEPS = 10  # of the sampler, as many as the generalists make
DRAWS = 16  # noises and times per observation: the images cost much, the head little
_FREQUENCIES = 8
_NEGLECTED = 0.999  # times beyond leave no noise to tell


class ActionFlow(nn.Module):
    """Velocity field over normalised chunks [H, A], conditioned on features.

    Conditional flow matching (arXiv 2210.02747): x_t = (1 - t) noise + t action, the target is
    action - noise.
    """

    def __init__(self, features: int, horizon: int, dims: int, width: int, layers: int) -> None:
        """`dims` is A."""
        super().__init__()
        self.shape = (horizon, dims)
        numbers = horizon * dims
        self.out = mlp(features + numbers + 2 * _FREQUENCIES, width, layers, numbers)

    def velocity(self, x: Tensor, t: Tensor, features: Tensor) -> Tensor:
        """dx/dt [B, H, A] at x [B, H, A] and t [B], for features [B, F]."""
        angles = t[:, None] * math.pi * 2.0 ** torch.arange(_FREQUENCIES) / 2
        fed = [features, x.flatten(1), torch.sin(angles), torch.cos(angles)]
        return self.out(torch.cat(fed, 1)).unflatten(1, self.shape)

    def loss(self, features: Tensor, actions: Tensor, generator: Generator) -> Tensor:
        """Mean squared error of the velocity over `DRAWS` noises and times per observation."""
        features = features.repeat_interleave(DRAWS, 0)
        actions = actions.repeat_interleave(DRAWS, 0)
        noise = torch.randn(actions.shape, generator=generator)
        t = torch.rand(len(actions), generator=generator) * _NEGLECTED
        x = noise + t[:, None, None] * (actions - noise)
        return torch.nn.functional.mse_loss(self.velocity(x, t, features), actions - noise)

    def draw(self, features: Tensor, fresh: Tensor) -> Tensor:
        """[B, H, A] normalised actions sampled from the noise `fresh` of that shape."""
        chunk: Tensor = sample(lambda x, t: self.velocity(x, t, features), fresh, uniform(STEPS))
        return chunk
