# SPDX-License-Identifier: Apache-2.0
"""A velocity field with random weights whose chunks are smooth in time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

WIDTH = 64  # of the hidden layer
SPREAD = 0.5  # standard deviation of a joint's mean over the chunk, model space
ROUGHNESS = 0.1  # standard deviation of the fastest wiggles
LEAN = 0.3  # size of what the observation does to the mean
PULL = 0.5  # size of the way back to the mean joint positions
TWIST = 0.1  # size of the part that is not Gaussian


class RandomField:
    """The field of a Gaussian over chunks, bent by a random network.

    For actions N(m, s^2) and straight paths x_t = (1 - t) noise + t action, the velocity is
    E[action - noise | x_t] = m + (s^2 t - (1 - t)) / (s^2 t^2 + (1 - t)^2) (x_t - t m). It holds
    for each frequency of the chunk by itself (its cosine transform): low ones get a wide s, high
    ones a narrow one, so that chunks are smooth. A small network of everything is added.
    """

    def __init__(
        self, horizon: int, action_dim: int, model_dim: int, features: int, seed: int
    ) -> None:
        """Draws the weights.

        Args:
            horizon: H.
            action_dim: A; the rest of the model's dimensions is centred at 0.
            model_dim: D.
            features: F.
            seed: Of the weights, which are the same on every machine.
        """
        rng = np.random.default_rng(seed)
        self._action_dim = action_dim
        self._waves = _tensor(cosines(horizon))
        frequency = np.arange(horizon)
        spread = np.maximum(SPREAD * np.sqrt(horizon) * np.exp(-frequency), ROUGHNESS)
        self._variance = _tensor(spread**2)[None, :, None]
        self._lean = _tensor(rng.standard_normal((2, features, action_dim)) / np.sqrt(features))
        inputs = horizon * model_dim + features + 1
        self._inner = _tensor(rng.standard_normal((inputs, WIDTH)) / np.sqrt(inputs))
        self._outer = _tensor(rng.standard_normal((WIDTH, 2 * model_dim)) / np.sqrt(WIDTH))

    def mean(self, features: Tensor, pull: Tensor) -> Tensor:
        """[B, H, D] average chunk.

        Args:
            features: [B, F] what is seen: decides about the speed and how it changes.
            pull: [B, P] how far the first P dimensions are from where they want to be.
        """
        level, drift = (LEAN * torch.tanh(features @ weights) for weights in self._lean)
        level[:, : pull.shape[1]] -= PULL * torch.tanh(pull)
        level[:, pull.shape[1] :] -= 1.0  # the gripper: open
        ramp = torch.linspace(-1, 1, self._waves.shape[0])[None, :, None]
        chunk = level[:, None] + ramp * drift[:, None]
        padding = self._outer.shape[1] // 2 - self._action_dim
        return torch.nn.functional.pad(chunk, (0, padding))

    def velocity(self, x: Tensor, t: Tensor, mean: Tensor, features: Tensor) -> Tensor:
        """[B, H, D] dx/dt at x [B, H, D] and t [B], for mean and features of batch B or 1."""
        s = t[:, None, None]
        gain = (self._variance * s - (1 - s)) / (self._variance * s**2 + (1 - s) ** 2)
        off = gain * (self._waves @ (x - s * mean))
        return mean + self._waves.T @ off + self._twist(x, t, features)

    def _twist(self, x: Tensor, t: Tensor, features: Tensor) -> Tensor:
        """[B, H, D] the random network: a level and a half wave over the chunk."""
        seen = features.expand(len(x), -1)
        hidden = torch.tanh(torch.cat([x.flatten(1), seen, t[:, None]], 1) @ self._inner)
        level, slope = torch.chunk(TWIST * hidden @ self._outer, 2, dim=1)
        half_wave = self._waves[1] * np.sqrt(x.shape[1] / 2)
        bent: Tensor = level[:, None] + half_wave[None, :, None] * slope[:, None]
        return bent


def cosines(n: int) -> np.ndarray:
    """[n, n] orthonormal cosine transform (DCT-II): row k is the wave of k half periods."""
    k, i = np.arange(n)[:, None], np.arange(n)[None]
    waves = np.sqrt(2 / n) * np.cos(np.pi * k * (2 * i + 1) / (2 * n))
    waves[0] /= np.sqrt(2)
    return np.asarray(waves)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
