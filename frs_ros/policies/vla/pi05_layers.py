# SPDX-License-Identifier: Apache-2.0
"""Layers of pi0.5's three towers, for `pi05_core`.

Images: SigLIP's (Zhai et al. 2023), which are those of a vision transformer. Words: Gemma's (Gemma
Team 2024): root-mean-square norms, rotary positions, one head of keys and values for all queries,
gated MLPs. The action expert has the same with norms that the flow time modulates (adaRMS; pi0.5,
arXiv 2504.16054).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

KeysValues = tuple[Tensor, Tensor]  # each [B, m, d]
Rotation = tuple[Tensor, Tensor]  # cosines and sines, each [B, n, 1, d / 2] float32
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


class VisionLayer(nn.Module):
    """A layer of the tower that reads images.

    Not `nn.TransformerEncoderLayer`: which kernels that takes at inference changes with torch's
    release, and its activation is not SigLIP's.
    """

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.heads = tower.heads
        self.before_attention = nn.LayerNorm(tower.width)
        self.before_mlp = nn.LayerNorm(tower.width)
        self.query_key_value = nn.Linear(tower.width, 3 * tower.heads * tower.head_dim)
        self.out = nn.Linear(tower.heads * tower.head_dim, tower.width)
        self.mlp = nn.Sequential(
            nn.Linear(tower.width, tower.hidden),
            nn.GELU(approximate='tanh'),
            nn.Linear(tower.hidden, tower.width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, w] -> the same."""
        joint = self.query_key_value(self.before_attention(x))
        parts = joint.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(*parts)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return cast(Tensor, x + self.mlp(self.before_mlp(x)))


def rotation(positions: Tensor, head_dim: int) -> Rotation:
    """Rotary embedding (Su et al. 2021) of positions [B, n]."""
    half = head_dim // 2
    steps = torch.arange(half, device=positions.device, dtype=torch.float32) / half
    angle = positions[:, :, None, None].float() * _ROTARY_BASE**-steps
    return angle.cos(), angle.sin()


def rotated(x: Tensor, by: Rotation) -> Tensor:
    """[B, n, h, d] turned by the rotation of its positions."""
    cos, sin = by
    first, second = x.float().chunk(2, -1)
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
    """Multi-query attention with rotary positions, written out as both stacks do."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.heads, self.head_dim = tower.heads, tower.head_dim
        self.query = nn.Linear(tower.width, tower.heads * tower.head_dim, bias=False)
        self.key = nn.Linear(tower.width, tower.head_dim, bias=False)
        self.value = nn.Linear(tower.width, tower.head_dim, bias=False)
        self.out = nn.Linear(tower.heads * tower.head_dim, tower.width, bias=False)

    def forward(
        self, x: Tensor, by: Rotation, mask: Tensor, cached: KeysValues | None = None
    ) -> tuple[Tensor, KeysValues]:
        """Each token attends to all tokens and to what is cached.

        Args:
            x: [B, n, w] tokens.
            by: Rotation of their positions.
            mask: [B, 1, m + n] whether there is something at a place.
            cached: Keys and values [B, m, d] of earlier tokens.

        Returns:
            [B, n, w], and the keys and values of `x`.
        """
        # One head of keys serves all queries: heads are only more queries.
        query = rotated(self.query(x).unflatten(-1, (self.heads, -1)), by).flatten(1, 2)
        new = rotated(self.key(x)[:, :, None], by)[:, :, 0], self.value(x)
        keys, values = new
        if cached is not None:
            keys, values = (torch.cat(pair, 1) for pair in zip(cached, new))
        scores = query @ keys.transpose(1, 2) * self.head_dim**-0.5
        weights = scores.float().masked_fill(~mask, float('-inf')).softmax(-1).to(x.dtype)
        seen = (weights @ values).view(*x.shape[:2], -1)
        return cast(Tensor, self.out(seen)), new


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

    def forward(self, x: Tensor, by: Rotation, mask: Tensor) -> tuple[Tensor, KeysValues]:
        """Tokens [B, n, w] -> tokens, and their keys and values for the action expert."""
        seen, new = self.attention(self.before_attention(x), by, mask)
        x = x + seen
        return x + self.mlp(self.before_mlp(x)), new


class ExpertLayer(nn.Module):
    """A layer of the tower that reads the noisy chunk."""

    def __init__(self, tower: Tower) -> None:
        super().__init__()
        self.attention, self.mlp = Attention(tower), GatedMlp(tower)
        self.before_attention = ModulatedNorm(tower.width)
        self.before_mlp = ModulatedNorm(tower.width)

    def forward(
        self, x: Tensor, by: Rotation, mask: Tensor, prefix: KeysValues, condition: Tensor
    ) -> Tensor:
        """Tokens [B, n, w] that attend to each other and to a layer of the prefix."""
        inner, gate = self.before_attention(x, condition)
        seen, _ = self.attention(inner, by, mask, prefix)
        x = x + gate * seen
        inner, gate = self.before_mlp(x, condition)
        return cast(Tensor, x + gate * self.mlp(inner))
