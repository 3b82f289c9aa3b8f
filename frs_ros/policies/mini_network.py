# SPDX-License-Identifier: Apache-2.0
"""Network of the small generalist: two cameras + proprioception + instruction -> velocity field.

Each camera has a convolutional stem whose last layer is modulated by the instruction (FiLM, Perez
et al. 2018) and is read out as keypoints by a spatial softmax (Levine et al. 2016). The keypoints
are projected to a prefix; a residual MLP, the action expert, maps (prefix, noisy chunk, time) to
the velocity. Everything that does not depend on chunk and time is computed once per observation.
"""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

PROPRIO_DIM = 11
HORIZON = 10
ACTION_DIM = 7
STRIDE = 4  # input pixels per cell of a stem's feature map
LOCALISED = 2  # keypoints 0 and 1 are trained to sit on the target and on the destination
TARGET_KEYPOINT, DESTINATION_KEYPOINT = 0, 1

_TIME_FREQUENCIES = 8
_INSTRUCTION_DIM = 32
_PREFIX_DIM = 160


class Keypoints(NamedTuple):
    """What a camera's spatial softmax found, for k maps on a grid of g cells.

    Attributes:
        xy: [B, k, 2] expected position, (right, down), each in [-1, 1].
        confidence: [B, k] probability that the keypoint is visible.
        features: [B, k, f] stem features pooled under the map.
        log_map: [B, k, g] log-probability of each cell, row-major.
        presence: [B, k] logit of `confidence`.
    """

    xy: Tensor
    confidence: Tensor
    features: Tensor
    log_map: Tensor
    presence: Tensor

    def tokens(self) -> Tensor:
        """[B, k, 3 + f]: position, confidence and features."""
        return torch.cat([self.xy, self.confidence[..., None], self.features], -1)


def _cells(maps: Tensor) -> Tensor:
    """[B, c, h, w] in channels-last memory -> [B, h * w, c], a view."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


class Stem(nn.Module):
    """Image [B, 3, h, w] in [-0.5, 0.5] -> features [B, g, c], g = ceil(h / 4) * ceil(w / 4)."""

    def __init__(self, channels: int, instruction_dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 5, 2, 2)
        self.conv2 = nn.Conv2d(24, 48, 3, 2, 1)
        self.conv3 = nn.Conv2d(48, channels, 3, 1, 1)
        self.conv4 = nn.Conv2d(channels, channels, 3, 1, 2, dilation=2)
        self.norm = nn.GroupNorm(8, channels)
        self.film = nn.Linear(instruction_dim, 2 * channels)
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            nn.init.kaiming_normal_(conv.weight, nonlinearity='relu')
            nn.init.zeros_(cast(Tensor, conv.bias))
        nn.init.zeros_(self.film.weight)  # the instruction starts without effect

    def forward(self, image: Tensor, instruction: Tensor) -> Tensor:
        """Features under an instruction embedding [B, e]."""
        h = functional.relu(self.conv1(image))
        h = functional.relu(self.conv2(h))
        h = functional.relu(self.conv3(h))
        scale, shift = self.film(instruction)[:, None].chunk(2, 2)
        modulated = _cells(self.norm(self.conv4(h))) * (1 + scale) + shift
        return _cells(h) + functional.relu(modulated)


class SpatialSoftmax(nn.Module):
    """Features [B, g, c] -> `Keypoints`, with an 'absent' score that competes with the map.

    Args:
        channels: c.
        keypoints: Number of maps, k.
        features: Width f of the features pooled under each map.
        height: Rows of the grid of g cells.
        width: Columns of the grid.
    """

    grid: Tensor

    def __init__(
        self, channels: int, keypoints: int, features: int, height: int, width: int
    ) -> None:
        super().__init__()
        self.keypoints = keypoints
        self.read = nn.Linear(channels, keypoints + features)
        self.absent = nn.Linear(2 * channels, keypoints)
        self.log_sharpness = nn.Parameter(torch.zeros(1))
        y, x = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing='ij'
        )
        grid = torch.stack([x, y], -1).reshape(-1, 2)
        self.register_buffer('grid', grid, persistent=False)

    def forward(self, features: Tensor) -> Keypoints:
        """Reads the keypoints; in float32 even under autocast, softmax needs the range."""
        maps = self.read(features)
        pooled = torch.cat([features.mean(1), features.amax(1)], -1)
        with torch.autocast(features.device.type, enabled=False):
            scores, values = maps.float().split(
                [self.keypoints, maps.shape[-1] - self.keypoints], -1
            )
            scores = scores * self.log_sharpness.exp()
            evidence = scores.logsumexp(1)  # [B, k]
            log_map = (scores - evidence[:, None]).transpose(1, 2)  # [B, k, g]
            probability = log_map.exp()
            presence = evidence - math.log(len(self.grid)) - self.absent(pooled.float())
            return Keypoints(
                xy=probability @ self.grid,
                confidence=presence.sigmoid(),
                features=probability @ values,
                log_map=log_map,
                presence=presence,
            )


class FlowHead(nn.Module):
    """Residual MLP, the action expert: (condition, chunk, time) -> velocity.

    The first layer is linear in its inputs, so the share of the context is computed once per
    observation by `condition`.
    """

    frequencies: Tensor

    def __init__(self, context_dim: int, width: int, blocks: int) -> None:
        super().__init__()
        sample_dim = HORIZON * ACTION_DIM + 1 + 2 * _TIME_FREQUENCIES
        self.from_context = nn.Linear(context_dim, width)
        self.from_sample = nn.Linear(sample_dim, width, bias=False)
        bound = (context_dim + sample_dim) ** -0.5  # both are halves of one layer
        for parameter in (
            self.from_context.weight,
            self.from_context.bias,
            self.from_sample.weight,
        ):
            nn.init.uniform_(parameter, -bound, bound)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
            )
            for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, HORIZON * ACTION_DIM)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        frequencies = math.pi * 2.0 ** torch.arange(-2, _TIME_FREQUENCIES - 2)
        self.register_buffer('frequencies', frequencies, persistent=False)

    def condition(self, context: Tensor) -> Tensor:
        """Context [B, c] -> its share of the first layer, [B, width]."""
        return self.from_context(context)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Velocity [B, H, D] at x [B, H, D], t [B], under `condition` [B or 1, width]."""
        phase = t[:, None] * self.frequencies
        sample = torch.cat([x.flatten(1), t[:, None], phase.sin(), phase.cos()], -1)
        h = condition + self.from_sample(sample)
        for block in self.blocks:
            h = h + block(h)
        return self.out(self.norm(h)).view_as(x)


class MiniNetwork(nn.Module):
    """The whole network.

    Args:
        instructions: Number of known instructions; embedding 0 is 'no instruction'.
        agentview: (height, width) of the cropped agentview image.
        wrist: (height, width) of the wrist image.
        channels: Width of the stems.
        keypoints: Keypoints per camera.
        features: Features pooled per keypoint.
        width: Width of the flow head.
        blocks: Residual blocks of the flow head.
    """

    def __init__(
        self,
        instructions: int,
        agentview: tuple[int, int] = (84, 112),
        wrist: tuple[int, int] = (84, 84),
        channels: int = 64,
        keypoints: int = 24,
        features: int = 8,
        width: int = 512,
        blocks: int = 4,
    ) -> None:
        super().__init__()
        self.instruction = nn.Embedding(instructions + 1, _INSTRUCTION_DIM)
        nn.init.normal_(self.instruction.weight, std=0.5)
        stems, readers = [], []
        for height, image_width in (agentview, wrist):
            cells = math.ceil(height / STRIDE), math.ceil(image_width / STRIDE)
            stems.append(Stem(channels, _INSTRUCTION_DIM))
            readers.append(SpatialSoftmax(channels, keypoints, features, *cells))
        self.agentview_stem, self.wrist_stem = stems
        self.agentview_keypoints, self.wrist_keypoints = readers
        self.project = nn.Sequential(
            nn.Linear(2 * keypoints * (3 + features), 256), nn.GELU(), nn.Linear(256, _PREFIX_DIM)
        )
        context_dim = PROPRIO_DIM + _PREFIX_DIM + _INSTRUCTION_DIM + 2 * 2 * LOCALISED
        self.flow = FlowHead(context_dim, width, blocks)

    def look(
        self, agentview: Tensor, wrist: Tensor, instruction: Tensor
    ) -> tuple[Keypoints, Keypoints]:
        """Keypoints of both cameras.

        Args:
            agentview: [B, 3, h, w] in [-0.5, 0.5].
            wrist: [B, 3, h, w] in [-0.5, 0.5].
            instruction: [B] int64 index of the instruction, 0 for none.
        """
        embedding = self.instruction(instruction)
        return (
            self.agentview_keypoints(self.agentview_stem(agentview, embedding)),
            self.wrist_keypoints(self.wrist_stem(wrist, embedding)),
        )

    def condition(
        self, agentview: Tensor, wrist: Tensor, proprio: Tensor, instruction: Tensor
    ) -> Tensor:
        """Everything the flow head needs to know of an observation, [B, width].

        Args:
            agentview: [B, k, 3 + f] keypoint tokens.
            wrist: [B, k, 3 + f] keypoint tokens.
            proprio: [B, 11] standardised proprioception.
            instruction: [B] int64 index of the instruction, 0 for none.
        """
        context = torch.cat(
            [
                proprio,
                self.project(torch.cat([agentview.flatten(1), wrist.flatten(1)], -1)),
                self.instruction(instruction),
                agentview[:, :LOCALISED, :2].flatten(1),
                wrist[:, :LOCALISED, :2].flatten(1),
            ],
            -1,
        )
        return self.flow.condition(context)
