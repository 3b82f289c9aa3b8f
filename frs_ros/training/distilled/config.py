# SPDX-License-Identifier: Apache-2.0
"""Settings of the trainings that distil a steered policy."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.errors import ConfigError, choose
from frs_ros.policies.noise.description import BC, CHUNK, DSBC, FLOW, KIND_OF, REPEATED
from frs_ros.types import CARTESIAN_DELTA

AUTO = 'auto'
SHIFT, NONE = 'shift', 'none'
AUGMENTATIONS = (SHIFT, NONE)
ENCODER_NAMES = ('small', 'dsrl')


@dataclass(frozen=True)
class DistilConfig:
    """What `frs train dsbc` and `frs train bc` can be told.

    The paper trains 12,500 steps of 128 at 1e-4 on a GPU; these train in less than a minute on
    two CPU cores: fewer steps at a higher rate that falls to nothing, a cheaper encoder.

    Attributes:
        variant: A key of `noise_description.KIND_OF`; `AUTO` for the paper's: repeated noise in
            Cartesian space (LIBERO), the whole chunk in joint space (DROID).
        steps: Optimiser steps.
        batch: Observations per step.
        learning_rate: Peak of the cosine schedule.
        seed: Of weights, batches, augmentation and noise.
        augment: 'shift' moves images by up to 4 pixels (DrQ, arXiv 2004.13649), or 'none'.
        early_stopping: Keep the weights with the least held-out loss, and stop when it has not
            fallen for a quarter of the steps.
        proprio: Feed proprioception too.
        defer: Learn when the operator let go, from data with steered and unsteered chunks (dsbc
            only).
        val_episodes: Successful episodes held out of the training, the last ones.
        encoder: One of `ENCODER_NAMES`.
        width: Of the three hidden layers; 0 for the paper's, 128 or 256 by action space.
        threads: CPU threads.
    """

    variant: str = AUTO
    steps: int = 500
    batch: int = 128
    learning_rate: float = 1e-3
    seed: int = 0
    augment: str = SHIFT
    early_stopping: bool = False
    proprio: bool = True
    defer: bool = True
    val_episodes: int = 1
    encoder: str = 'small'
    width: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        choose('variant', self.variant, (AUTO, *KIND_OF))
        choose('augmentation', self.augment, AUGMENTATIONS)
        choose('encoder', self.encoder, ENCODER_NAMES)
        for name in ('steps', 'batch', 'threads'):
            if getattr(self, name) < 1:
                raise ConfigError(f'--{name} must be at least 1')
        if not self.learning_rate > 0:
            raise ConfigError(f'--lr must be positive, not {self.learning_rate}')
        if min(self.seed, self.val_episodes, self.width) < 0:
            raise ConfigError('--seed, --val-episodes and --width must not be negative')
        if self.early_stopping and not self.val_episodes:
            raise ConfigError('--early-stopping needs --val-episodes of at least 1')

    def resolved_variant(self, kind: str, space: str) -> str:
        """The variant for a kind of checkpoint and an action space; ConfigError if of another."""
        paper = REPEATED if space == CARTESIAN_DELTA else CHUNK
        variant = self.variant if self.variant != AUTO else {DSBC: paper, BC: FLOW}[kind]
        if KIND_OF[variant] != kind:
            fitting = ', '.join(v for v, k in KIND_OF.items() if k == kind)
            raise ConfigError(f"frs train {kind} has no variant '{variant}', only: {fitting}")
        return variant

    def resolved_width(self, space: str) -> int:
        """Width of the hidden layers."""
        return self.width or (128 if space == CARTESIAN_DELTA else 256)
