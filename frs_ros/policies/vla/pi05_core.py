# SPDX-License-Identifier: Apache-2.0
"""A core of pi0.5's structure and size with random weights: for timing, not for acting.

SigLIP So400m/14 for each image, Gemma 2B for the prefix, an action expert of 300M parameters that
attends to the prefix layer by layer (openpi, gemma.py and siglip.py; arXiv 2504.16054). It has the
`denoise_step` of openpi's lineage, and so runs through the same adapter as the real one. Left out
is what changes neither the work nor its order: the scale of the words, the norm after the prefix,
and openpi's output layer over the vocabulary, which it never uses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from frs_ros.policies.vla.pi05_layers import (
    ExpertLayer,
    KeysValues,
    ModulatedNorm,
    PrefixLayer,
    Tower,
    VisionLayer,
    rotation,
)

STEPS = 10
_PERIODS = 4e-3, 4.0  # of the sines that stand for the flow time; openpi, pi0.py
# Weights are windows of one block of noise: drawing billions of numbers would take minutes. Its
# length is prime, so that no two rows of a matrix begin at the same place.
_BLOCK = 4_194_301


@dataclass(frozen=True)
class Shape:
    """Sizes of a whole model.

    Attributes:
        vision: Image tower.
        prefix: Tower of images and words.
        expert: Tower of the chunk; as many layers, heads and as wide heads as `prefix`.
        image_size: Pixels per side.
        patch: Pixels per side of an image token.
        images: Image slots; all are encoded, empty ones masked.
        tokens: Places for words.
        vocabulary: Known words.
        horizon: H.
        model_dim: D.
    """

    vision: Tower
    prefix: Tower
    expert: Tower
    image_size: int
    patch: int
    images: int
    tokens: int
    vocabulary: int
    horizon: int
    model_dim: int

    @property
    def patches(self) -> int:
        """Tokens of an image."""
        return (self.image_size // self.patch) ** 2


_PI05_DROID = Shape(
    vision=Tower(width=1152, layers=27, heads=16, head_dim=72, hidden=4304),
    prefix=Tower(width=2048, layers=18, heads=8, head_dim=256, hidden=16384),
    expert=Tower(width=1024, layers=18, heads=8, head_dim=256, hidden=4096),
    image_size=224,
    patch=14,
    images=3,
    tokens=200,
    vocabulary=257_152,
    horizon=15,
    model_dim=32,
)
_TINY = Tower(width=32, layers=2, heads=2, head_dim=16, hidden=64)
SHAPES = {
    'pi05_droid': _PI05_DROID,
    'pi05_libero': replace(_PI05_DROID, horizon=10),
    'tiny': replace(  # the same layers, for tests
        _PI05_DROID,
        vision=_TINY,
        prefix=_TINY,
        expert=_TINY,
        image_size=28,
        tokens=48,
        vocabulary=512,
    ),
}


class Vision(nn.Module):
    """Images [B, 3, s, s] in [-1, 1] -> tokens [B, patches, width of the prefix]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        tower = shape.vision
        self.patches = nn.Conv2d(3, tower.width, shape.patch, shape.patch)
        self.positions = nn.Parameter(torch.zeros(shape.patches, tower.width))
        self.layers = nn.Sequential(*(VisionLayer(tower) for _ in range(tower.layers)))
        self.norm = nn.LayerNorm(tower.width)
        self.project = nn.Linear(tower.width, shape.prefix.width)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        projected: Tensor = self.project(self.norm(self.layers(tokens)))
        return projected


class Pi05Core(nn.Module):
    """Prefix and velocity step of a model of some `Shape`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.vision = Vision(shape)
        self.words = nn.Embedding(shape.vocabulary, shape.prefix.width)
        self.prefix_layers = nn.ModuleList(
            PrefixLayer(shape.prefix) for _ in range(shape.prefix.layers)
        )
        width = shape.expert.width
        self.chunk_in = nn.Linear(shape.model_dim, width)
        self.time = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.expert_layers = nn.ModuleList(
            ExpertLayer(shape.expert) for _ in range(shape.expert.layers)
        )
        self.norm = ModulatedNorm(width)
        self.chunk_out = nn.Linear(width, shape.model_dim)

    @torch.no_grad()
    def sample_actions(
        self, images: Tensor, image_mask: Tensor, words: Tensor, word_mask: Tensor, noise: Tensor
    ) -> Tensor:
        """Euler's method from noise (time 1) to a chunk (time 0), as openpi has it.

        Args:
            images: [B, n, 3, s, s] in [-1, 1].
            image_mask: [B, n] whether there is an image.
            words: [B, T] int64.
            word_mask: [B, T] whether there is a word.
            noise: [B, H, D] float32.
        """
        mask, cache = self.encode(images, image_mask, words, word_mask)
        times = torch.linspace(1, 0, STEPS + 1).tolist()
        x = noise
        for now, then in pairwise(times):
            timestep = torch.full((len(x),), now, device=x.device)
            x = x + (then - now) * self.denoise_step(mask, cache, x, timestep)
        return x

    def encode(
        self, images: Tensor, image_mask: Tensor, words: Tensor, word_mask: Tensor
    ) -> tuple[Tensor, list[KeysValues]]:
        """The prefix: mask [B, m] and each layer's keys and values; see `sample_actions`."""
        batch = len(words)
        seen = self.vision(images.flatten(0, 1).to(self.words.weight.dtype))
        x = torch.cat([seen.reshape(batch, -1, seen.shape[-1]), self.words(words)], 1)
        mask = torch.cat([image_mask.repeat_interleave(self.shape.patches, 1), word_mask], 1)
        by = rotation(mask.cumsum(1) - 1, self.shape.prefix.head_dim)
        cache = []
        for layer in self.prefix_layers:
            x, keys_values = layer(x, by, mask[:, None])
            cache.append(keys_values)
        return mask, cache

    def denoise_step(
        self,
        prefix_pad_masks: Tensor,
        past_key_values: list[KeysValues],
        x_t: Tensor,
        timestep: Tensor,
    ) -> Tensor:
        """Velocity noise - action, [B, H, D] float32, at x_t [B, H, D] and timestep [B]."""
        dtype = self.chunk_in.weight.dtype
        x = self.chunk_in(x_t.to(dtype))
        condition = self.time(self._waves(timestep).to(dtype))
        new = prefix_pad_masks.new_ones(x.shape[:2])
        mask = torch.cat([prefix_pad_masks, new], 1)[:, None]
        positions = prefix_pad_masks.sum(1, keepdim=True) + new.cumsum(1) - 1
        by = rotation(positions, self.shape.expert.head_dim)
        for layer, keys_values in zip(self.expert_layers, past_key_values, strict=True):
            x = layer(x, by, mask, keys_values, condition)
        velocity: Tensor = self.chunk_out(self.norm(x, condition)[0]).float()
        return velocity

    def _waves(self, timestep: Tensor) -> Tensor:
        """[B, w] sines and cosines of the flow time."""
        low, high = _PERIODS
        steps = torch.linspace(0, 1, self.shape.expert.width // 2, device=timestep.device)
        phase = timestep.float()[:, None] * 2 * math.pi / (low * (high / low) ** steps)
        return torch.cat([phase.sin(), phase.cos()], -1)


def make_core(shape: Shape, device: str, dtype: torch.dtype) -> Pi05Core:
    """A frozen core, its weights the same on every machine up to rounding.

    Raises:
        RuntimeError: The device has too little memory.
    """
    with torch.device('meta'):
        core = Pi05Core(shape)
    core = core.to(dtype).to_empty(device=device).eval().requires_grad_(False)
    block = torch.randn(_BLOCK, generator=torch.Generator().manual_seed(0)).to(device, dtype)
    for index, parameter in enumerate(core.parameters()):
        if parameter.ndim < 2:  # biases, and norms' scales as far as they begin at 0
            parameter.zero_()
            continue
        shifted = block.roll(7919 * index)  # each begins at another place
        for piece in torch.split(parameter.view(-1), _BLOCK):
            piece.copy_(shifted[: len(piece)])
        inputs = parameter.numel() // len(parameter)
        parameter.mul_(inputs**-0.5)
    for module in core.modules():
        if isinstance(module, nn.LayerNorm):
            module.reset_parameters()
    return core


def parameters_of(shape: Shape) -> int:
    """How many numbers a core has; takes no memory."""
    with torch.device('meta'):
        return sum(parameter.numel() for parameter in Pi05Core(shape).parameters())
