# SPDX-License-Identifier: Apache-2.0
"""What one training step of the generalist minimises."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from frs_ros.policies.images import network_size
from frs_ros.policies.mini_network import DESTINATION_KEYPOINT, Keypoints, MiniNetwork
from frs_ros.policies.vocabulary import NO_INSTRUCTION
from frs_ros.training.generalist.augmentation import jitter, permute_channels, to_network
from frs_ros.training.generalist.config import GeneralistConfig
from frs_ros.training.generalist.data import Frames
from frs_ros.training.generalist.losses import Localisation, flow_matching_loss, localisation_loss
from frs_ros.types import AGENTVIEW, WRIST

_PERMUTED = 0.5  # share of images with permuted colour channels, where they are permuted at all
# Noise of standardised proprioception: about 3 mm of position, 1 mm of the fingers.
PROPRIO_NOISE = 0.03
# With these it halves the time of a step; an AVX2 processor emulates it, in eight times that time.
_FAST_BFLOAT16 = ('AVX512',)


@dataclass(frozen=True)
class Losses:
    """Losses of one batch.

    Attributes:
        flow: Flow-matching loss.
        agentview: Localisation in the agentview image.
        wrist: Localisation in the wrist image.
    """

    flow: Tensor
    agentview: Localisation
    wrist: Localisation

    def total(self, localisation_weight: float) -> Tensor:
        """What is minimised."""
        return self.flow + localisation_weight * (self.agentview.total() + self.wrist.total())

    def numbers(self) -> dict[str, float]:
        """Plain numbers for the history."""
        found = {'flow': self.flow.item()}
        for name, terms in (('agentview', self.agentview), ('wrist', self.wrist)):
            for key, value in terms._asdict().items():
                found[f'{name}_{key}'] = value.item()
        return found


def drop_instruction(instruction: Tensor, share: float, generator: Generator) -> Tensor:
    """Replaces a share of the instructions [B] by none: there the noise must choose the mode."""
    dropped = torch.rand(len(instruction), generator=generator) < share
    return instruction.masked_fill(dropped, NO_INSTRUCTION)


def augment(frames: Frames, instruction: Tensor, generator: Generator) -> tuple[Tensor, ...]:
    """Augmented (agentview, wrist, proprio); images as the network takes them.

    Colours are permuted in the wrist image always, in agentview only where no instruction is given
    (with one, the colour tells which object is meant). It makes the policy without an instruction
    grasp objects it never fetched. `frames` is changed.
    """
    n = len(frames)
    everywhere = torch.rand(n, generator=generator) < _PERMUTED
    unnamed = (torch.rand(n, generator=generator) < _PERMUTED) & (instruction == NO_INSTRUCTION)
    noise = PROPRIO_NOISE * torch.randn(frames.proprio.shape, generator=generator)
    return (
        jitter(permute_channels(frames.agentview, unnamed, generator), generator),
        jitter(permute_channels(frames.wrist, everywhere, generator), generator),
        frames.proprio + noise,
    )


def look(
    network: MiniNetwork, agentview: Tensor, wrist: Tensor, instruction: Tensor
) -> tuple[Keypoints, Keypoints]:
    """`network.look` with the convolutions in bfloat16, where the processor has it."""
    with torch.autocast(
        'cpu',
        torch.bfloat16,
        enabled=torch.backends.cpu.get_cpu_capability() in _FAST_BFLOAT16,
        cache_enabled=False,  # threads share weights
    ):
        return network.look(agentview, wrist, instruction)


def compute_losses(
    network: MiniNetwork,
    frames: Frames,
    config: GeneralistConfig,
    generator: Generator,
    augmented: bool,
) -> Losses:
    """Losses of a batch of frames, which are changed if augmented."""
    instruction = drop_instruction(frames.instruction, config.instruction_dropout, generator)
    if augmented:
        agentview, wrist, proprio = augment(frames, instruction, generator)
    else:
        agentview, wrist = to_network(frames.agentview), to_network(frames.wrist)
        proprio = frames.proprio
    seen = look(network, agentview, wrist, instruction)
    condition = network.condition(seen[0].tokens(), seen[1].tokens(), proprio, instruction)
    labelled = labelled_keypoints(instruction, frames.settled)
    return Losses(
        flow=flow_matching_loss(
            network.flow, condition, frames.chunk, frames.valid, config.draws, generator
        ),
        agentview=localisation_loss(
            seen[0], frames.pixels[:, 0], labelled, network_size(AGENTVIEW)
        ),
        wrist=localisation_loss(seen[1], frames.pixels[:, 1], labelled, network_size(WRIST)),
    )


def labelled_keypoints(instruction: Tensor, settled: Tensor) -> Tensor:
    """[B, 2] bool: what is looked for: what is named, and a destination without alternative."""
    labelled = (instruction != NO_INSTRUCTION)[:, None].repeat(1, 2)
    labelled[:, DESTINATION_KEYPOINT] |= settled
    return labelled
