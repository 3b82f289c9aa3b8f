# SPDX-License-Identifier: Apache-2.0
"""Settings of the generalist's training."""

from __future__ import annotations

from dataclasses import dataclass, fields

from frs_ros.errors import ConfigError
from frs_ros.sim.splits import NEVER

FIRST_VALIDATION_INIT = 28  # episodes from this init state on measure the loss, others train


@dataclass(frozen=True)
class GeneralistConfig:
    """Settings; the schedule counts steps, so a seed gives the same weights at any speed.

    Attributes:
        steps: Optimiser steps on the whole network.
        head_steps: Steps on the flow head alone afterwards, on cached keypoints; 0 for none.
        batch: Images per camera and step.
        draws: Noise draws per image; the images cost most.
        head_batch: Samples per step of the flow head's stage.
        learning_rate: Peak of the cosine schedule.
        instruction_dropout: Share of samples that see no instruction.
        localisation_weight: Weight of the localisation loss beside the flow loss.
        validate_every: Steps between validation losses.
        save_every: Steps between saves of the training state.
        seed: Of weights, batches, augmentation and noise.
        threads: CPU threads.
        held_out: Object types and instructions that the data must not have.
    """

    steps: int = 6000
    head_steps: int = 0
    batch: int = 48
    draws: int = 6
    head_batch: int = 320
    learning_rate: float = 1e-3
    instruction_dropout: float = 0.3
    localisation_weight: float = 0.3
    validate_every: int = 500
    save_every: int = 1000
    seed: int = 0
    threads: int = 2
    held_out: tuple[str, ...] = NEVER

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            zero_is_fine = field.name in ('head_steps', 'seed', 'instruction_dropout')
            if field.name != 'held_out' and (value < 0 or (value == 0 and not zero_is_fine)):
                raise ConfigError(f'{field.name} must be positive, not {value}')
