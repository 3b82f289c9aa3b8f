# SPDX-License-Identifier: Apache-2.0
"""Training of the small generalist on demonstrations: `frs train generalist`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from frs_ros.documents import parse_json
from frs_ros.errors import ConfigError
from frs_ros.files import write_atomically
from frs_ros.policies.checkpoint import save_policy
from frs_ros.policies.mini import MiniPolicy, make_network
from frs_ros.policies.mini_network import MiniNetwork
from frs_ros.training.generalist.config import GeneralistConfig
from frs_ros.training.generalist.data import Frames, TrainingData, load_training_data
from frs_ros.training.generalist.ema import MovingAverage
from frs_ros.training.generalist.head import cache_keypoints, head_loss, head_parameters
from frs_ros.training.generalist.loop import (
    Run,
    Stage,
    make_optimizer,
    run_stage,
    step_generator,
)
from frs_ros.training.generalist.loss_plot import plot_history
from frs_ros.training.generalist.objective import compute_losses
from frs_ros.training.generalist.train_state import read_progress, restore_state, save_state

CHECKPOINT, STATE, METRICS, PLOT = (
    'mini.safetensors',
    'train_state.safetensors',
    'metrics.json',
    'loss.png',
)
_VALIDATION_BATCHES, _VALIDATION_BATCH = 8, 64
_VALIDATION_SEED = 2000  # 'stage' number of the validation's random numbers
JOINT, HEAD = 'joint', 'head'


def train_generalist(
    folders: Sequence[Path],
    out: Path,
    config: GeneralistConfig | None = None,
    *,
    resume: bool = False,
    progress: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Trains on datasets and writes checkpoint, metrics and loss plot.

    Args:
        folders: Datasets of `frs collect`.
        out: Folder for `mini.safetensors` (+ `.json`), `metrics.json`, `loss.png` and the state
            from which an interrupted run resumes.
        config: Settings.
        resume: Go on from the state in `out`.
        progress: Whether to show progress.
        clock: Seconds, for the reported speed.

    Returns:
        The metrics.

    Raises:
        DataError: If the dataset is unreadable or a target is held out.
        ConfigError: If resumed with other settings or data.
        CheckpointError: If there is nothing to resume.
    """
    config = config or GeneralistConfig()
    torch.set_num_threads(1)  # the workers are threads of their own
    resumed = read_progress(out / STATE) if resume else None
    data = load_training_data(folders, config.held_out, config.threads, progress)
    started = clock()
    run = _train(data, out, config, resumed, progress)
    metrics = {
        'seconds': round(clock() - started, 1),
        'final': {k: v for k, v in run.history[-1].items() if k.startswith('val_')},
        'config': asdict(config),
        'data': data.summary,
        'history': run.history,
    }
    write_atomically(out / METRICS, json.dumps(metrics, indent=1) + '\n')
    plot_history(run.history, out / PLOT)
    return metrics


def _train(
    data: TrainingData,
    out: Path,
    config: GeneralistConfig,
    resumed: dict[str, Any] | None,
    progress: bool,
) -> Run:
    """All stages; `resumed` is the progress of an interrupted run."""
    identity = {'config': asdict(config), 'data': data.summary}
    identity = parse_json(json.dumps(identity), 'identity')  # as it was written
    if resumed and (changed := _first_change(resumed['identity'], identity)):
        raise ConfigError(f'cannot resume: {changed} differs from the interrupted run')
    torch.manual_seed(config.seed)
    network = make_network(data.vocabulary)
    run = Run(
        network,
        MovingAverage(network),
        make_optimizer(joint := _joint_stage(network, data.train, config)),
        JOINT,
    )
    out.mkdir(parents=True, exist_ok=True)

    def save() -> None:
        modules = {'network': run.network, 'average': run.average.network}
        where = {'stage': run.stage, 'step': run.step, 'history': run.history}
        save_state(out / STATE, modules, run.optimizer, {**where, 'identity': identity})
        save_checkpoint(run, data, config, out / CHECKPOINT)

    hooks: dict[str, Any] = {
        'workers': config.threads,
        'validate': lambda: validate(run.average.network, data.validation, config),
        'validate_every': config.validate_every,
        'save': save,
        'save_every': config.save_every,
        'progress': progress,
    }
    if resumed is None or resumed['stage'] == JOINT:
        _restore(run, resumed, out)
        run_stage(run, joint, config.seed, **hooks)
        resumed = None
    if config.head_steps:
        _begin_head(run, data.train, config, out, resumed, hooks)
    return run


def _begin_head(
    run: Run,
    frames: Frames,
    config: GeneralistConfig,
    out: Path,
    resumed: dict[str, Any] | None,
    hooks: dict[str, Any],
) -> None:
    """Second stage, from the average of the first or from an interrupted run."""
    parameters = head_parameters(run.network)
    if resumed is None:
        run.network.load_state_dict(run.average.network.state_dict())
    cached: list[torch.Tensor] = []

    def loss(generator: torch.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        value = head_loss(run.network, cached[0], frames, config, generator)
        return value, {'flow': value.item()}

    stage = Stage(HEAD, 1, config.head_steps, 200, 0.8 * config.learning_rate, parameters, loss)
    run.optimizer, run.stage, run.step = make_optimizer(stage), HEAD, 0
    _restore(run, resumed, out)
    cached.append(
        cache_keypoints(run.network, frames, config.seed, config.threads, hooks['progress'])
    )
    run_stage(run, stage, config.seed, **hooks)


def _joint_stage(network: MiniNetwork, frames: Frames, config: GeneralistConfig) -> Stage:
    """First stage: the whole network."""

    def loss(generator: torch.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        index = torch.randint(len(frames), (config.batch // config.threads,), generator=generator)
        losses = compute_losses(network, frames.take(index), config, generator, augmented=True)
        return losses.total(config.localisation_weight), losses.numbers()

    parameters = list(network.parameters())
    return Stage(JOINT, 0, config.steps, 100, config.learning_rate, parameters, loss)


@torch.no_grad()
def validate(
    network: MiniNetwork, frames: Frames | None, config: GeneralistConfig
) -> dict[str, float]:
    """Losses on random validation frames, always the same ones; empty if there are none."""
    if frames is None or not len(frames):
        return {}
    found: list[dict[str, float]] = []
    for i in range(_VALIDATION_BATCHES):
        generator = step_generator(config.seed, _VALIDATION_SEED, i)
        index = torch.randint(len(frames), (_VALIDATION_BATCH,), generator=generator)
        batch = frames.take(index)
        found.append(compute_losses(network, batch, config, generator, augmented=False).numbers())
    return {f'val_{k}': sum(f[k] for f in found) / len(found) for k in found[0]}


def save_checkpoint(run: Run, data: TrainingData, config: GeneralistConfig, path: Path) -> None:
    """Writes the averaged network as a policy, with how it was trained."""
    network = make_network(data.vocabulary)
    network.load_state_dict(run.average.network.state_dict())
    losses = {k: round(v, 5) for k, v in run.history[-1].items() if k.startswith('val_')}
    metadata = {
        'stage': run.stage,
        'step': run.step,
        'validation': losses,
        'config': asdict(config),
        'data': data.summary,
    }
    policy = MiniPolicy(network, data.normalisation, data.vocabulary)
    save_policy(policy, path, metadata)


def _restore(run: Run, resumed: dict[str, Any] | None, out: Path) -> None:
    if resumed is not None:
        modules = {'network': run.network, 'average': run.average.network}
        restore_state(out / STATE, modules, run.optimizer)
        run.step, run.history = resumed['step'], resumed['history']


def _first_change(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Name of the first setting that differs, '' if none does."""
    for group, values in new.items():
        for key, value in values.items():
            if old.get(group, {}).get(key) != value:
                return f'{group} {key}'
    return ''
