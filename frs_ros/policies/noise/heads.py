# SPDX-License-Identifier: Apache-2.0
"""Features -> noise: what distilling a steered policy learns (DSBC, arXiv 2606.13675, app. E/F).

Each head speaks about the A action dimensions; the padding up to D is never learned.
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import torch
from torch import Generator, Tensor, nn

from frs_ros.policies.noise.network import mlp

BOUND = 5.0  # of repeated noise
_REACHED = 1 - 1e-4  # of the bound, by labels: its inverse tanh is finite
# Of the deviation of noise, 0.2 to 2.7. Without a floor the likelihood cares for those dimensions
# alone that hardly vary: a made-up task is learned to 36 % with one of 0.02, to 100 % with 0.2.
LOG_STD = (-1.6, 1.0)


@runtime_checkable
class Centred(Protocol):
    """A head with a most likely answer."""

    def mean(self, features: Tensor) -> Tensor:
        """[B, H, A] the most likely noise, for features [B, F]."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """A head whose answers can be drawn."""

    def draw(self, features: Tensor, fresh: Tensor) -> Tensor:
        """[B, H, A] drawn with the standard normal numbers `fresh` of that shape."""
        ...


class NoiseHead(Centred, Protocol):
    """One thing to learn about noise; most are `Drawing`, too."""

    def loss(self, features: Tensor, noise: Tensor, generator: Generator) -> Tensor:
        """Scalar to minimise, for features [B, F] and labels [B, H, A]."""
        ...


class RepeatedGaussian(nn.Module):
    """One A-vector for all rows: a Gaussian squashed by tanh to (-5, 5), as for LIBERO.

    The label is the average over the rows. With z = 5 tanh(u), u ~ N(m, s^2),
    -log p(z) = (u - m)^2 / 2 s^2 + log s + log(2 pi) / 2 + log 5 (1 - (z / 5)^2).
    """

    def __init__(self, features: int, horizon: int, dims: int, width: int, layers: int) -> None:
        """See `NoiseHead`; `dims` is A."""
        super().__init__()
        self.horizon = horizon
        self.out = mlp(features, width, layers, 2 * dims)

    def gaussian(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """M and log s, [B, A] each."""
        m, log_std = self.out(features).chunk(2, dim=1)
        return m, _bounded(log_std) - math.log(BOUND)  # tanh(u) is u where it matters

    def loss(self, features: Tensor, noise: Tensor, generator: Generator) -> Tensor:
        """Mean negative log likelihood per dimension; labels beyond the bound count as on it."""
        reached = (noise.mean(1) / BOUND).clamp(-_REACHED, _REACHED)
        m, log_std = self.gaussian(features)
        jacobian = torch.log(BOUND * (1 - reached**2))
        return (_negative_log(torch.atanh(reached), m, log_std) + jacobian).mean()

    def mean(self, features: Tensor) -> Tensor:
        """5 tanh(m) in every row."""
        return self._repeat(BOUND * torch.tanh(self.gaussian(features)[0]))

    def draw(self, features: Tensor, fresh: Tensor) -> Tensor:
        """5 tanh(m + s e); e is the scaled row average of `fresh`, again standard normal."""
        m, log_std = self.gaussian(features)
        e = fresh.mean(1) * math.sqrt(self.horizon)
        return self._repeat(BOUND * torch.tanh(m + log_std.exp() * e))

    def _repeat(self, vector: Tensor) -> Tensor:
        return vector[:, None].expand(-1, self.horizon, -1)


class ChunkRegression(nn.Module):
    """The whole chunk of noise by least squares, as for DROID. There is nothing to draw."""

    def __init__(self, features: int, horizon: int, dims: int, width: int, layers: int) -> None:
        """See `NoiseHead`; `dims` is A."""
        super().__init__()
        self.shape = (horizon, dims)
        self.out = mlp(features, width, layers, horizon * dims)

    def loss(self, features: Tensor, noise: Tensor, generator: Generator) -> Tensor:
        """Mean squared error."""
        return torch.nn.functional.mse_loss(self.mean(features), noise)

    def mean(self, features: Tensor) -> Tensor:
        """[B, H, A]."""
        return self.out(features).unflatten(1, self.shape)


class ChunkGaussian(nn.Module):
    """The whole chunk of noise as independent Gaussians.

    Where the demonstrator left the decision to the policy the labels are drawn from N(0, 1): a
    deviation can say so, least squares cannot. Drawing there is the unsteered policy.
    """

    def __init__(self, features: int, horizon: int, dims: int, width: int, layers: int) -> None:
        """See `NoiseHead`; `dims` is A."""
        super().__init__()
        self.shape = (horizon, dims)
        self.out = mlp(features, width, layers, 2 * horizon * dims)

    def gaussian(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log of the deviation, [B, H, A] each."""
        mean, log_std = self.out(features).chunk(2, dim=1)
        return mean.unflatten(1, self.shape), _bounded(log_std).unflatten(1, self.shape)

    def loss(self, features: Tensor, noise: Tensor, generator: Generator) -> Tensor:
        """Mean negative log likelihood per element."""
        return _negative_log(noise, *self.gaussian(features)).mean()

    def mean(self, features: Tensor) -> Tensor:
        """[B, H, A]."""
        return self.gaussian(features)[0]

    def draw(self, features: Tensor, fresh: Tensor) -> Tensor:
        """Mean plus deviation times `fresh`."""
        mean, log_std = self.gaussian(features)
        return mean + log_std.exp() * fresh


def _bounded(raw: Tensor) -> Tensor:
    """Log of a deviation within `LOG_STD`, 0 at 0."""
    low, high = LOG_STD
    return torch.where(raw > 0, high * torch.tanh(raw / high), -low * torch.tanh(raw / -low))


def _negative_log(x: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """-log N(x; mean, exp(log_std)^2), elementwise."""
    score = (x - mean) * torch.exp(-log_std)
    return 0.5 * score**2 + log_std + 0.5 * math.log(2 * math.pi)
