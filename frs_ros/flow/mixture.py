# SPDX-License-Identifier: Apache-2.0
"""A flow-matching policy's ideal: the exact velocity field of a Gaussian mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.flow.arrays import like, namespace, per_sample


@dataclass(frozen=True)
class GaussianMixture:
    """Actions a1 ~ sum_m w_m N(mean_m, std_m^2 I) and the field that carries noise to them.

    Along a_t = t a1 + (1 - t) a0 with independent a0 ~ N(0, I), component m is at time t
    N(t mean_m, s_t^2 I) with s_t^2 = t^2 std_m^2 + (1 - t)^2, and the field of flow matching is
    v(x, t) = E[a1 - a0 | a_t = x].

    Attributes:
        means: [M, *event].
        stds: [M], positive.
        weights: [M], positive, of any sum.
    """

    means: np.ndarray
    stds: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        if not (len(self.means) == len(self.stds) == len(self.weights) >= 1):
            raise ValueError('GaussianMixture: means, stds and weights differ in length')
        if not (np.all(np.asarray(self.stds) > 0) and np.all(np.asarray(self.weights) > 0)):
            raise ValueError('GaussianMixture: stds and weights must be positive')

    def velocity(self, x: Any, t: Any) -> Any:
        """v(x, t) [B, *event] at x [B, *event] and t [B]; finite for all t in [0, 1]."""
        flat, means, time = self._flatten(x, t)
        variance = self._variances(x, t)[..., None]  # [B, M, 1]
        stds = like(self.stds, x)[:, None]
        slope = (time * stds**2 - (1 - time)) / variance
        each = means + slope * (flat - time * means)  # [B, M, N]: E[a1 - a0 | a_t = x, m]
        share = self.responsibilities(x, t)[..., None]
        return (share * each).sum(1).reshape(x.shape)

    def responsibilities(self, x: Any, t: Any) -> Any:
        """[B, M] probability of each component given a_t = x; x [B, *event], t [B]."""
        xp = namespace(x)
        flat, means, time = self._flatten(x, t)
        variance = self._variances(x, t)
        distance2 = ((flat - time * means) ** 2).sum(-1)
        logits = like(np.log(self.weights), x) - 0.5 * (
            distance2 / variance + flat.shape[-1] * xp.log(variance)
        )
        # Subtracting the largest logit keeps far outliers from 0 / 0.
        share = xp.exp(logits - xp.amax(logits, -1)[:, None])
        return share / share.sum(-1)[:, None]

    def _flatten(self, x: Any, t: Any) -> tuple[Any, Any, Any]:
        """X [B, 1, N], means [1, M, N] and t [B, 1, 1]."""
        flat = x.reshape(x.shape[0], 1, -1)
        return flat, like(self.means, x).reshape(1, len(self.means), -1), t[:, None, None]

    def _variances(self, x: Any, t: Any) -> Any:
        """[B, M] variance of each component at its time."""
        time = t[:, None]
        return time**2 * like(self.stds, x) ** 2 + (1 - time) ** 2

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """[count, *event] float64 independent actions."""
        means = np.asarray(self.means, dtype=np.float64)
        weights = np.asarray(self.weights, dtype=np.float64)
        component = rng.choice(len(means), size=count, p=weights / weights.sum())
        chosen = means[component]
        spread = per_sample(np.asarray(self.stds)[component], chosen)
        drawn: np.ndarray = chosen + spread * rng.standard_normal(chosen.shape)
        return drawn
