# SPDX-License-Identifier: Apache-2.0
"""Latents between the policy's own and the steered one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Latent:
    """A point x = t a + (1 - t) z on the way from noise z to action a, of which one end is known.

    Attributes:
        x: [.., H, D] float64.
        noise: [.., H, D] float64 the noise part (1 - t) z of x.
    """

    x: np.ndarray
    noise: np.ndarray

    @classmethod
    def of_noise(cls, x: np.ndarray, t: float, noise: np.ndarray) -> Latent:
        """The latent at time t of a sample drawn from known noise."""
        return cls(x, (1 - t) * noise)

    @classmethod
    def of_action(cls, x: np.ndarray, t: float, action: np.ndarray) -> Latent:
        """The latent at time t of a known action reversed."""
        return cls(x, x - t * action)

    def where(self, mask: np.ndarray, other: Latent) -> Latent:
        """This one where the mask [D] holds, the other elsewhere."""
        return Latent(np.where(mask, self.x, other.x), np.where(mask, self.noise, other.noise))

    def sample(self, index: int) -> Latent:
        """One of a batch."""
        return Latent(self.x[index], self.noise[index])

    def shifted(self, noise: np.ndarray) -> Latent:
        """This one with something added to its noise part."""
        return Latent(self.x + noise, self.noise + noise)


def mix(own: Latent, steered: Latent, share: np.ndarray) -> np.ndarray:
    """[H, D] latent that is steered to the given share.

    Action parts are mixed as (1 - w) and w, noise parts as sqrt(1 - w^2) and w: independent
    standard normal noises then stay standard normal, where a linear mixture of them would be
    shorter than any noise the policy has seen.

    Args:
        own: The policy's, at the same time as `steered`.
        steered: The reference's.
        share: [D] w in [0, 1]; elements at 0 and 1 are exactly one or the other.
    """
    action = (1 - share) * (own.x - own.noise) + share * (steered.x - steered.noise)
    noise = np.sqrt(1 - share**2) * own.noise + share * steered.noise
    between = np.where(share <= 0, own.x, action + noise)
    mixed: np.ndarray = np.where(share >= 1, steered.x, between)
    return mixed
