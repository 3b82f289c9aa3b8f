# SPDX-License-Identifier: Apache-2.0
"""Features -> whether to steer at all: the other half of what an operator does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from frs_ros.policies.noise.network import mlp

LAYERS = 2


class Deferral(nn.Module):
    """Tells the chunks that were steered from those that were left to the policy.

    An operator steers coarsely and lets go for the fine part. The noise recorded there is what
    the policy drew for itself: nothing can be learned from it, and its mean, 0, is no draw. So it
    is learned when to let go, and the policy then draws for itself again. Not in the paper, whose
    noise policy always speaks.
    """

    def __init__(self, features: int, width: int) -> None:
        """Undecided at first."""
        super().__init__()
        self.out = mlp(features, width, LAYERS, 1)

    def loss(self, features: Tensor, steered: Tensor) -> Tensor:
        """Mean negative log likelihood of `steered` [B] bool, for features [B, F]."""
        return nn.functional.binary_cross_entropy_with_logits(
            self._logit(features), steered.to(features.dtype)
        )

    def probability(self, features: Tensor) -> Tensor:
        """[B] of an operator letting go."""
        return torch.sigmoid(-self._logit(features))

    def _logit(self, features: Tensor) -> Tensor:
        logit: Tensor = self.out(features)[:, 0]
        return logit
