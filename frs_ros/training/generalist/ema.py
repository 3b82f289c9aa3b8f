# SPDX-License-Identifier: Apache-2.0
"""Exponential moving average of weights: the network that is shipped."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

_Network = TypeVar('_Network', bound=nn.Module)

UPDATE_EVERY = 5  # steps
_DECAY, _EARLY_DECAY, _EARLY_STEPS = 0.99, 0.9, 300


class MovingAverage(Generic[_Network]):
    """Average of a network's parameters over the last few hundred steps.

    Attributes:
        network: Copy of the network that carries the average.
    """

    def __init__(self, network: _Network) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._average = list(self.network.parameters())
        self._source = list(network.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Call after every step, counted from 1."""
        if step % UPDATE_EVERY == 0:
            decay = _DECAY if step > _EARLY_STEPS else _EARLY_DECAY
            torch._foreach_lerp_(self._average, self._source, 1 - decay)
