# SPDX-License-Identifier: Apache-2.0
"""Losses of the generalist: conditional flow matching and localisation."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

from frs_ros.policies.mini_network import LOCALISED, STRIDE, FlowHead, Keypoints


def sample_times(n: int, generator: Generator) -> Tensor:
    """[n] flow times, one half uniform, the other with density 2 (1 - t), towards the noise."""
    uniform, other = torch.rand(2, n, generator=generator)
    tilted = 1 - other.sqrt()
    return torch.where(torch.rand(n, generator=generator) < 0.5, uniform, tilted)


def flow_matching_loss(
    head: FlowHead,
    condition: Tensor,
    chunk: Tensor,
    valid: Tensor,
    draws: int,
    generator: Generator,
) -> Tensor:
    """Mean of |v(x_t, t) - (a1 - a0)|^2 with x_t = t a1 + (1 - t) a0 (Lipman et al. 2023).

    Args:
        head: Velocity field.
        condition: [B, width] encoded observations.
        chunk: [B, H, D] actions a1 in model space.
        valid: [B, H] 1 where the action lies within the episode.
        draws: Draws of noise and time per observation.
        generator: Source of randomness.
    """
    condition, chunk, valid = (
        value.repeat_interleave(draws, 0) for value in (condition, chunk, valid)
    )
    noise = torch.randn(chunk.shape, generator=generator)
    time = sample_times(len(chunk), generator)
    target = chunk - noise
    velocity = head(noise + time[:, None, None] * target, time, condition)
    return ((velocity - target).square().mean(-1) * valid).sum() / valid.sum()


class Localisation(NamedTuple):
    """Terms of the localisation loss of one camera.

    Attributes:
        place: Mean cross-entropy of the maps against the labelled places, nats.
        presence: Mean binary cross-entropy of 'the keypoint is visible'.
        pixel_error: Mean distance of the keypoints from the labels, pixels; not trained on.
    """

    place: Tensor
    presence: Tensor
    pixel_error: Tensor

    def total(self) -> Tensor:
        """Weighted sum; the cross-entropy over hundreds of cells is the larger number."""
        return self.place / 4 + self.presence


def localisation_loss(
    seen: Keypoints, pixels: Tensor, labelled: Tensor, size: tuple[int, int]
) -> Localisation:
    """Trains the first keypoints to sit on their objects.

    A keypoint without a label, or whose object lies outside the image, is to report 'absent', and
    its map gets no gradient.

    Args:
        seen: Keypoints of a camera.
        pixels: [B, `LOCALISED`, 2] places of the objects, (right, down) in the image.
        labelled: [B, `LOCALISED`] bool, whether the keypoint has an object at all.
        size: (height, width) of the image.
    """
    height, width = size
    rows, columns = -(-height // STRIDE), -(-width // STRIDE)
    limit = pixels.new_tensor([width, height])
    visible = labelled & ((pixels >= 0) & (pixels < limit)).all(-1)
    last_cell = pixels.new_tensor([columns - 1, rows - 1])
    cell = (pixels.nan_to_num() / STRIDE).clamp(min=0).minimum(last_cell - 1e-3)
    place = -_bilinear(seen.log_map[:, :LOCALISED], cell, columns)
    found = (seen.xy[:, :LOCALISED] + 1) / 2 * last_cell
    error = (found - cell).norm(dim=-1) * STRIDE
    count = visible.sum().clamp(min=1)
    return Localisation(
        place=(place * visible).sum() / count,
        presence=functional.binary_cross_entropy_with_logits(
            seen.presence[:, :LOCALISED], visible.float()
        ),
        pixel_error=((error * visible).sum() / count).detach(),
    )


def _bilinear(values: Tensor, cell: Tensor, columns: int) -> Tensor:
    """Interpolates values [B, k, g] of a row-major grid at cells [B, k, 2], (right, down)."""
    corner = cell.floor()
    fx, fy = (cell - corner).unbind(-1)
    index = (corner[..., 1] * columns + corner[..., 0]).long()
    weights = (
        (0, (1 - fx) * (1 - fy)),
        (1, fx * (1 - fy)),
        (columns, (1 - fx) * fy),
        (columns + 1, fx * fy),
    )
    return sum(  # type: ignore[return-value]
        weight * values.gather(2, (index + offset)[..., None])[..., 0]
        for offset, weight in weights
    )
