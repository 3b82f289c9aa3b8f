# SPDX-License-Identifier: Apache-2.0
"""Observation -> features: a small convolutional network per camera, proprioception beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from frs_ros.errors import ConfigError
from frs_ros.policies.noise.description import Inputs

IMAGE_FEATURES = 50
SENTENCE_FEATURES = 16
# Convolutions of an encoder: (channels, kernel, stride) each.
ENCODERS = {
    # DSRL's (github.com/ajwagen/dsrl, jaxrl2's PixelEncoder): 42 million products per image
    'dsrl': ((32, 3, 2), (32, 3, 1), (32, 3, 1), (32, 3, 1)),
    # the same look at every pixel for 2 million: what trains within a minute on two cores
    'small': ((32, 4, 4), (32, 3, 2), (32, 3, 1)),
}


class ImageEncoder(nn.Module):
    """Convolutions -> dense 50 -> layer norm -> tanh, as in DSRL (arXiv 2506.15799)."""

    def __init__(self, convolutions: Sequence[tuple[int, int, int]], size: int) -> None:
        """For images of `size` x `size` pixels; ConfigError if nothing would be left of them."""
        super().__init__()
        pixels = size
        layers: list[nn.Module] = []
        channels = 3
        for width, kernel, stride in convolutions:
            layers += [nn.Conv2d(channels, width, kernel, stride), nn.ReLU()]
            channels, size = width, (size - kernel) // stride + 1
        if size < 1:
            raise ConfigError(f'images of {pixels} pixels are too small for this encoder')
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(channels * size * size, IMAGE_FEATURES)
        self.norm = nn.LayerNorm(IMAGE_FEATURES)

    def forward(self, image: Tensor) -> Tensor:
        """[B, 3, h, w] in [-0.5, 0.5] -> [B, 50] in (-1, 1)."""
        seen = self.convolutions(image).flatten(1)
        return torch.tanh(self.norm(self.dense(seen)))


class ObservationEncoder(nn.Module):
    """All that a noise policy is fed, side by side.

    Attributes:
        features: Numbers per observation.
    """

    def __init__(self, inputs: Inputs, encoder: str) -> None:
        """One image encoder for each camera; the sentence counts if several are known."""
        super().__init__()
        self.images = nn.ModuleList(
            ImageEncoder(ENCODERS[encoder], inputs.image_size) for _ in inputs.cameras
        ).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        many = len(inputs.instructions) > 1
        self.sentence = nn.Embedding(len(inputs.instructions), SENTENCE_FEATURES) if many else None
        self.features = (
            IMAGE_FEATURES * len(inputs.cameras)
            + len(inputs.state_mean)
            + SENTENCE_FEATURES * many
        )

    def forward(self, images: Sequence[Tensor], state: Tensor, sentence: Tensor) -> Tensor:
        """Features of a batch.

        Args:
            images: [B, 3, h, w] of each camera, as `to_input` makes them.
            state: [B, P] standard scores.
            sentence: [B] index of the instruction.
        """
        parts = [encode(image) for encode, image in zip(self.images, images, strict=True)]
        parts.append(state)
        if self.sentence is not None:
            parts.append(self.sentence(sentence))
        return torch.cat(parts, 1)


def to_input(images: Tensor) -> Tensor:
    """[B, h, w, 3] uint8 -> [B, 3, h, w] float32 in [-0.5, 0.5], channels last in memory."""
    return images.float().div_(255).sub_(0.5).permute(0, 3, 1, 2)


def mlp(inputs: int, width: int, layers: int, outputs: int) -> nn.Sequential:
    """`layers` hidden layers of `width` with ReLU, then a linear one that begins small."""
    sizes = [inputs, *[width] * layers]
    hidden: list[nn.Module] = []
    for before, after in pairwise(sizes):
        hidden += [nn.Linear(before, after), nn.ReLU()]
    last = nn.Linear(width, outputs)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*hidden, last)
