# SPDX-License-Identifier: Apache-2.0
"""Layers of pi0.5's two language towers, for `pi05_core`.

Gemma (Gemma Team 2024): root-mean-square norms, rotary positions, one head of keys and values for
all queries, gated MLPs. The action expert has the same layers with norms that the flow time
modulates (adaRMS; pi0.5, arXiv 2504.16054).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

KeysValues = tuple[Tensor, Tensor]  # each [B, 1, n, d]
_ROTARY_BASE = 10_000.0
_EPSILON = 1e-6


@dataclass(frozen=True)
class Tower:
    """Size of a stack of layers.

    Attributes:
        width: Of the tokens.
        layers: How many.
        heads: Of the queries.
        head_dim: Width d of a head.
        hidden: Width inside an MLP.
    """

    width: int
    layers: int
    heads: int
    head_dim: int
    hidden: int


def rotated(x: Tensor, positions: Tensor) -> Tensor:
    """Rotary embedding (Su et al. 2021) of x [B, h, n, d] at positions [B, n]."""
    half = x.shape[-1] // 2
    steps = torch.arange(half, device=x.device, dtype=torch.float32) / half
    angle = positions[:, None, :, None].float() * _ROTARY_BASE**-steps
    first, second = x.float().chunk(2, -1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).to(x.dtype)


def normed(x: Tensor) -> Tensor:
    """Scaled to root mean square 1; in float32, which the mean of squares needs."""
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + _EPSILON)).to(x.dtype)


class Norm(nn.Module):
    """Root-mean-square norm with a learned scale of 1 + weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, w] -> the same."""
        return normed(x) * (1 + self.weight)


class ModulatedNorm(nn.Module):
    """Root-mean-square norm that a condition scales and shifts; also gates what follows it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(width, 3 * width)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, n, w] under a condition [B, w] -> normed, and a gate [B, 1, w]."""
        scale, shift, gate = self.modulation(condition)[:, None].chunk(3, -1)
        return normed(x) * (1 + scale) + shift, gate


class Attention(nn.Module):
    """Multi-query attention with rotary positions."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.heads, self.head_dim = tower.heads, tower.head_dim
        self.query = nn.Linear(tower.width, tower.heads * tower.head_dim, bias=False)
        self.key = nn.Linear(tower.width, tower.head_dim, bias=False)
        self.value = nn.Linear(tower.width, tower.head_dim, bias=False)
        self.out = nn.Linear(tower.heads * tower.head_dim, tower.width, bias=False)

    def forward(
        self, x: Tensor, positions: Tensor, mask: Tensor, before: KeysValues | None = None
    ) -> tuple[Tensor, KeysValues]:
        """Attends to all that is there, `before` included.

        Args:
            x: [B, n, w] tokens.
            positions: [B, n] of the tokens.
            mask: [B, 1, 1, m + n] whether there is something at a place.
            before: Keys and values [B, 1, m, d] of earlier tokens.

        Returns:
            [B, n, w], and the keys and values of `x`.
        """
        query = self.query(x).unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2)
        own = rotated(self.key(x)[:, None], positions), self.value(x)[:, None]
        both = own if before is None else tuple(torch.cat(pair, 2) for pair in zip(before, own))
        key, value = (part.expand(-1, self.heads, -1, -1) for part in both)
        seen = functional.scaled_dot_product_attention(
            rotated(query, positions), key, value, attn_mask=mask
        )
        return cast(Tensor, self.out(seen.transpose(1, 2).flatten(2))), own


class GatedMlp(nn.Module):
    """GELU of one projection times another."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.gate = nn.Linear(tower.width, tower.hidden, bias=False)
        self.up = nn.Linear(tower.width, tower.hidden, bias=False)
        self.down = nn.Linear(tower.hidden, tower.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, w] -> the same."""
        gate = functional.gelu(self.gate(x), approximate='tanh')
        return cast(Tensor, self.down(gate * self.up(x)))


class PrefixLayer(nn.Module):
    """A layer of the tower that reads images and words."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.attention, self.mlp = Attention(tower), GatedMlp(tower)
        self.before_attention, self.before_mlp = Norm(tower.width), Norm(tower.width)

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor) -> tuple[Tensor, KeysValues]:
        """Tokens [B, n, w] -> tokens, and their keys and values for the action expert."""
        seen, own = self.attention(self.before_attention(x), positions, mask)
        x = x + seen
        return x + self.mlp(self.before_mlp(x)), own


class ExpertLayer(nn.Module):
    """A layer of the tower that reads the noisy chunk."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.attention, self.mlp = Attention(tower), GatedMlp(tower)
        self.before_attention = ModulatedNorm(tower.width)
        self.before_mlp = ModulatedNorm(tower.width)

    def forward(
        self, x: Tensor, positions: Tensor, mask: Tensor, prefix: KeysValues, condition: Tensor
    ) -> Tensor:
        """Tokens [B, n, w] that attend to each other and to a layer of the prefix."""
        inner, gate = self.before_attention(x, condition)
        seen, _ = self.attention(inner, positions, mask, prefix)
        x = x + gate * seen
        inner, gate = self.before_mlp(x, condition)
        return cast(Tensor, x + gate * self.mlp(inner))
