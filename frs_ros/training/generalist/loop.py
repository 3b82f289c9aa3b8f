# SPDX-License-Identifier: Apache-2.0
"""Optimisation loop shared by the stages of the generalist's training."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Generator, Tensor, nn
from torch.optim import AdamW
from tqdm import tqdm

from frs_ros.policies.mini_network import MiniNetwork
from frs_ros.training.generalist.ema import MovingAverage
from frs_ros.training.shares import set_gradients

_WEIGHT_DECAY = 1e-4
_REPORT_EVERY = 100  # steps averaged in one entry of the history


@dataclass(frozen=True)
class Stage:
    """One stage of the training.

    Attributes:
        name: In history and progress bar.
        number: Distinguishes the random numbers of the stages.
        steps: Its length.
        warmup: Steps of rising learning rate.
        learning_rate: Peak.
        parameters: What is optimised.
        loss: Random generator -> (loss to minimise, numbers for the history) of one worker's
            share of a step's batch.
    """

    name: str
    number: int
    steps: int
    warmup: int
    learning_rate: float
    parameters: Sequence[nn.Parameter]
    loss: Callable[[Generator], tuple[Tensor, dict[str, float]]]


@dataclass
class Run:
    """What changes while training.

    Attributes:
        network: Being trained.
        average: Its moving average.
        optimizer: Of the present stage.
        stage: Name of the present stage.
        step: Steps done in it.
        history: Entries of mean losses; those with `val_` keys are of the average.
    """

    network: MiniNetwork
    average: MovingAverage[MiniNetwork]
    optimizer: AdamW
    stage: str
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def step_generator(seed: int, stage: int, step: int, worker: int = 0) -> Generator:
    """Random numbers of one step; nothing to save when a run is interrupted."""
    state = np.random.SeedSequence([seed, stage, step, worker]).generate_state(1, np.uint64)
    return Generator().manual_seed(int(state[0]) >> 1)


def make_optimizer(stage: Stage) -> AdamW:
    """AdamW of a stage."""
    return AdamW(stage.parameters, stage.learning_rate, weight_decay=_WEIGHT_DECAY, fused=True)


def scheduled_rate(stage: Stage, step: int) -> float:
    """Learning rate of a step: linear warm-up, then half a cosine that ends at 2 % of the peak."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / stage.steps)) + 0.02
    return stage.learning_rate * min(1.0, (step + 1) / stage.warmup) * cosine


def run_stage(
    run: Run,
    stage: Stage,
    seed: int,
    *,
    workers: int,
    validate: Callable[[], dict[str, float]],
    validate_every: int,
    save: Callable[[], None],
    save_every: int,
    progress: bool = True,
) -> None:
    """Trains from `run.step` to the end of the stage, validating and saving on the way.

    Args:
        run: Changed in place.
        stage: What to do.
        seed: Of batches, augmentation and noise.
        workers: Threads, each with its share of every batch. They meet once per step, not in every
            operation, and so lose little to other processes.
        validate: Losses of the average on the validation frames.
        validate_every: Steps between validations.
        save: Called every `save_every` steps.
        save_every: Steps between saves.
        progress: Whether to show progress.
    """
    recent: deque[dict[str, float]] = deque(maxlen=_REPORT_EVERY)
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(
            total=stage.steps,
            initial=run.step,
            desc=stage.name,
            unit='step',
            disable=not progress,
            mininterval=1.0,
        ) as bar,
    ):
        while run.step < stage.steps:
            recent.append(_optimise(run, stage, seed, workers, pool))
            run.step += 1
            run.average.update(run.step)
            validating = run.step % validate_every == 0 or run.step == stage.steps
            if validating or run.step % _REPORT_EVERY == 0:
                entry = _mean(recent) | (validate() if validating else {})
                run.history.append({'stage': stage.name, 'step': run.step, **entry})
                bar.set_postfix(_shown(run.history), refresh=False)
            bar.update()
            if run.step % save_every == 0 or run.step == stage.steps:
                save()


def _optimise(
    run: Run, stage: Stage, seed: int, workers: int, pool: ThreadPoolExecutor
) -> dict[str, float]:
    """One step."""

    def loss(worker: int) -> tuple[Tensor, dict[str, float]]:
        return stage.loss(step_generator(seed, stage.number, run.step, worker))

    numbers = set_gradients(stage.parameters, loss, workers, pool)
    for group in run.optimizer.param_groups:
        group['lr'] = scheduled_rate(stage, run.step)
    run.optimizer.step()
    return _mean(numbers)


def _mean(entries: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([e[key] for e in entries])) for key in entries[0]}


def _shown(history: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Latest value of the numbers worth watching."""
    latest = {key: value for entry in history for key, value in entry.items()}
    return {key: f'{latest[key]:.4f}' for key in ('flow', 'val_flow') if key in latest}
