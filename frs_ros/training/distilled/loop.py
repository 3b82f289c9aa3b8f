# SPDX-License-Identifier: Apache-2.0
"""The optimisation that all trainings of small networks on noise labels share."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor
from torch.optim import AdamW
from tqdm import tqdm

from frs_ros.policies.noise.network import to_input
from frs_ros.policies.noise.policy import DistilledNetwork
from frs_ros.training.distilled.config import SHIFT, DistilConfig
from frs_ros.training.distilled.data import Samples
from frs_ros.training.distilled.objective import Objective
from frs_ros.training.generalist.loop import step_generator
from frs_ros.training.shares import set_gradients

SHIFT_PIXELS = 4
WARM_UP = 20  # steps of rising learning rate
ENTRIES = 40  # of the history, at most
PATIENCE = 0.25  # of all steps without a better held-out loss
_WEIGHT_DECAY = 1e-4
_TRAINING, _VALIDATION = 0, 1  # kinds of random numbers
_VALIDATION_BATCH = 128


@dataclass
class History:
    """What happened.

    Attributes:
        entries: Of `step`, `train` (mean loss since the last entry) and `val`.
        best_step: Whose weights were kept.
        steps: Made in all.
    """

    entries: list[dict[str, float]] = field(default_factory=list)
    best_step: int = 0
    steps: int = 0


def train(
    network: DistilledNetwork,
    samples: Samples,
    held_out: Samples | None,
    config: DistilConfig,
    objective: Objective,
    progress: bool = True,
) -> History:
    """Optimises the network in place; the same on every run with the same arguments.

    Args:
        network: To be trained.
        samples: To learn from.
        held_out: To validate on, if there are any.
        config: Settings.
        objective: What is minimised.
        progress: Whether to show progress.
    """
    history, best, recent = History(), _Best(), []
    optimizer = AdamW(network.parameters(), config.learning_rate, weight_decay=_WEIGHT_DECAY)
    every = max(1, math.ceil(config.steps / ENTRIES))
    views = samples.images
    if config.augment == SHIFT:
        views = tuple(padded(images) for images in samples.images)
    network.train()
    with (
        _one_thread(),
        ThreadPoolExecutor(config.threads) as pool,
        tqdm(total=config.steps, desc='train', unit='step', disable=not progress) as bar,
    ):
        while history.steps < config.steps and not best.is_old(history.steps, config):
            step = history.steps
            recent.append(_step(network, optimizer, samples, views, config, step, pool, objective))
            history.steps += 1
            bar.update()
            if history.steps % every == 0 or history.steps == config.steps:
                entry = {'train': sum(recent) / len(recent)}
                recent.clear()
                if held_out is not None:
                    entry['val'] = validation_loss(network, held_out, config, objective)
                    best.offer(network, entry['val'], history.steps)
                history.entries.append({'step': history.steps, **entry})
                bar.set_postfix({k: f'{v:.3f}' for k, v in entry.items()})
    history.best_step = history.steps
    if config.early_stopping and best.weights:
        network.load_state_dict(best.weights)
        history.best_step = best.step
    network.eval()
    return history


@dataclass
class _Best:
    """The weights with the least held-out loss so far."""

    loss: float = math.inf
    step: int = 0
    weights: dict[str, Any] = field(default_factory=dict)

    def offer(self, network: DistilledNetwork, loss: float, step: int) -> None:
        if loss < self.loss:
            self.loss, self.step = loss, step
            self.weights = copy.deepcopy(network.state_dict())

    def is_old(self, step: int, config: DistilConfig) -> bool:
        """Whether nothing better has come for so long that the training is to stop."""
        return config.early_stopping and step - self.step >= PATIENCE * config.steps


def _step(
    network: DistilledNetwork,
    optimizer: AdamW,
    samples: Samples,
    views: Sequence[Tensor],
    config: DistilConfig,
    step: int,
    pool: ThreadPoolExecutor,
    objective: Objective,
) -> float:
    """One step; `views` are the samples' images, padded if they are to be shifted."""
    share = math.ceil(config.batch / config.threads)

    def loss(worker: int) -> tuple[Tensor, float]:
        generator = step_generator(config.seed, _TRAINING, step, worker)
        rows = torch.randint(len(samples), (share,), generator=generator)
        seen = [
            shifted(images, rows, generator) if config.augment == SHIFT else images[rows]
            for images in views
        ]
        value = _loss(network, samples, rows, seen, generator, objective)
        return value, float(value.detach())

    losses = set_gradients(list(network.parameters()), loss, config.threads, pool)
    for group in optimizer.param_groups:
        group['lr'] = scheduled_rate(config, step)
    optimizer.step()
    return sum(losses) / len(losses)


def scheduled_rate(config: DistilConfig, step: int) -> float:
    """Learning rate of a step: linear warm-up, then half a cosine that ends at 1 %."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return config.learning_rate * min(1.0, (step + 1) / WARM_UP) * (0.01 + 0.99 * cosine)


def padded(images: Tensor) -> Tensor:
    """[N, h, w, 3] uint8 with `SHIFT_PIXELS` more on each side, repeating the edge."""
    height, width = images.shape[1:3]
    down = torch.arange(-SHIFT_PIXELS, height + SHIFT_PIXELS).clamp(0, height - 1)
    right = torch.arange(-SHIFT_PIXELS, width + SHIFT_PIXELS).clamp(0, width - 1)
    return images[:, down][:, :, right]


def shifted(wide: Tensor, rows: Tensor, generator: Generator) -> Tensor:
    """Chosen images, each moved by up to `SHIFT_PIXELS`; what comes in at an edge is that edge.

    Windows are copied one by one: an index of all pixels costs more than the network.

    Args:
        wide: `padded` images.
        rows: [B] which of them.
        generator: Source of randomness.
    """
    height, width = (size - 2 * SHIFT_PIXELS for size in wide.shape[1:3])
    moves = torch.randint(2 * SHIFT_PIXELS + 1, (len(rows), 2), generator=generator).tolist()
    return torch.stack(
        [
            wide[row, top : top + height, left : left + width]
            for row, (top, left) in zip(rows.tolist(), moves, strict=True)
        ]
    )


@torch.no_grad()
def validation_loss(
    network: DistilledNetwork, held_out: Samples, config: DistilConfig, objective: Objective
) -> float:
    """Mean loss over the held-out samples, always with the same random numbers."""
    network.eval()
    total = 0.0
    for number, rows in enumerate(_parts(len(held_out))):
        seen = [images[rows] for images in held_out.images]
        generator = step_generator(config.seed, _VALIDATION, number)
        loss = _loss(network, held_out, rows, seen, generator, objective)
        total += len(rows) * float(loss)
    network.train()
    return total / len(held_out)


@torch.no_grad()
def features_of(network: DistilledNetwork, samples: Samples) -> Tensor:
    """[N, F] of all samples."""
    return torch.cat(
        [
            network.encoder(
                [to_input(images[rows]) for images in samples.images],
                samples.state[rows],
                samples.sentence[rows],
            )
            for rows in _parts(len(samples))
        ]
    )


def _loss(
    network: DistilledNetwork,
    samples: Samples,
    rows: Tensor,
    seen: list[Tensor],
    generator: Generator,
    objective: Objective,
) -> Tensor:
    features = network.encoder(
        [to_input(images) for images in seen], samples.state[rows], samples.sentence[rows]
    )
    return objective.loss(network, features, samples, rows, generator)


def _parts(count: int) -> tuple[Tensor, ...]:
    return torch.arange(count).split(_VALIDATION_BATCH)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch with one thread, then with as many as before: the workers are threads of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
