# SPDX-License-Identifier: Apache-2.0
"""Image augmentation of the generalist's training.

Colours only: the cameras stand still, and shifts would break the relation of pixels to places.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

_GAIN, _TINT, _NOISE = 0.15, 0.05, 0.02  # standard deviations: brightness, colour, fixed pattern
_ORDERS = torch.tensor([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])


def to_network(images: Tensor) -> Tensor:
    """[B, h, w, 3] uint8 -> [B, 3, h, w] float32 in [-0.5, 0.5], channels-last."""
    return (images.float() / 255 - 0.5).permute(0, 3, 1, 2)


def permute_channels(images: Tensor, chosen: Tensor, generator: Generator) -> Tensor:
    """Random order of the colour channels, so that shape counts and colour does not.

    Args:
        images: [B, h, w, 3]; changed in place.
        chosen: [B] bool, the images to change.
        generator: Source of randomness.
    """
    order = torch.randint(len(_ORDERS), (len(images),), generator=generator)
    for i in range(1, len(_ORDERS)):
        index = (chosen & (order == i)).nonzero()[:, 0]
        images[index] = images[index][..., _ORDERS[i]]
    return images


def jitter(images: Tensor, generator: Generator) -> Tensor:
    """[B, h, w, 3] uint8 -> [B, 3, h, w] as `to_network`, brightness, tint and pattern changed."""
    n, h, w, _ = images.shape
    gain = 1 + _GAIN * torch.randn(n, 1, 1, generator=generator)
    tint = _TINT * torch.randn(n, 1, 3, generator=generator)
    pattern = _NOISE * torch.randn(1, h, w, generator=generator)
    # rows are kept flat [h, w * 3]: broadcasting over an innermost axis of 3 is slow
    flat = images.reshape(n, h, w * 3).float()
    flat.mul_(gain / 255).add_((tint - gain / 2).repeat(1, 1, w))
    flat.add_(pattern.repeat_interleave(3, 2))
    return flat.view(n, h, w, 3).permute(0, 3, 1, 2)
