# SPDX-License-Identifier: Apache-2.0
"""From a dataset of noise labels to a small network: `frs train dsbc` and `frs train bc`."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from frs_ros.datasets.distillation import DistillationDataset, DistillationEpisode
from frs_ros.evaluation.report import write_json
from frs_ros.policies.noise.checkpoint import save_noise_policy
from frs_ros.policies.noise.description import BC, DSBC, Architecture, NoiseDescription
from frs_ros.policies.noise.policy import NOISE, DistilledNetwork
from frs_ros.policies.normalisation import Normalisation
from frs_ros.policies.vla.settings import action_names
from frs_ros.training.distilled.config import DistilConfig
from frs_ros.training.distilled.data import (
    Samples,
    is_mixed,
    make_inputs,
    make_samples,
    split,
    successes,
    without_lapses,
)
from frs_ros.training.distilled.likelihood import Likelihood
from frs_ros.training.distilled.loop import History, train
from frs_ros.training.distilled.numbers import decisions, errors, statistics
from frs_ros.training.distilled.objective import Objective
from frs_ros.training.distilled.report import plot_report

METRICS, REPORT = 'metrics.json', 'report.png'
MIN_HALF_WIDTH = 0.05  # of an action's range, for dimensions that never moved


@dataclass(frozen=True)
class Lesson:
    """What is to be learned, from what.

    Attributes:
        description: Of the network.
        samples: To learn from.
        held_out: To validate on; None if there are none.
        objective: What is asked of the network.
    """

    description: NoiseDescription
    samples: Samples
    held_out: Samples | None
    objective: Objective


@dataclass(frozen=True)
class Learned:
    """What a training gave.

    Attributes:
        network: Trained.
        lesson: What it was trained for and on.
        metrics: Numbers for `metrics.json`, JSON types.
    """

    network: DistilledNetwork
    lesson: Lesson
    metrics: dict[str, Any]


def distil(
    dataset: DistillationDataset,
    name: str,
    out: Path,
    kind: str,
    config: DistilConfig,
    *,
    objective: Objective | None = None,
    progress: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Trains and writes KIND.safetensors, KIND.json, `metrics.json` and `report.png`.

    Args:
        dataset: Of `frs bag convert` or `training.distilled.offline`.
        name: How messages call it.
        out: Folder.
        kind: 'dsbc' or 'bc'.
        config: Settings.
        objective: What is asked of the network; None to learn the dataset's own noise or actions.
        progress: Whether to show progress.
        clock: Seconds.

    Returns:
        The metrics.

    Raises:
        DataError: There is no successful episode, or too few of them.
        ConfigError: A setting does not fit the data.
    """
    learned = learn(
        dataset, name, kind, config, objective=objective, progress=progress, clock=clock
    )
    lesson = learned.lesson
    file = out / f'{kind}.safetensors'
    checkpoint = save_noise_policy(learned.network, lesson.description, file)
    metrics = {'checkpoint': str(checkpoint), **learned.metrics}
    write_json(out / METRICS, metrics)
    plot_report(out / REPORT, metrics, lesson.samples.target.numpy(), lesson.samples.steered)
    return metrics


def learn(
    dataset: DistillationDataset,
    name: str,
    kind: str,
    config: DistilConfig,
    *,
    objective: Objective | None = None,
    progress: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Learned:
    """As `distil`; writes nothing."""
    start = clock()
    lesson = prepare(dataset, name, kind, config, objective)
    description = lesson.description
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = DistilledNetwork(description)
    history = train(network, lesson.samples, lesson.held_out, config, lesson.objective, progress)
    metrics: dict[str, Any] = {
        'kind': kind,
        'variant': description.architecture.variant,
        'labels_are': lesson.objective.what,
        'data': {**description.training['data'], 'name': name},
        'config': asdict(config),
        'parameters': sum(p.numel() for p in network.parameters()),
        **_numbers(network, lesson, history, config),
        'seconds': clock() - start,
        'peak_memory_mb': peak_memory_mb(),
    }
    return Learned(network, lesson, metrics)


def prepare(
    dataset: DistillationDataset,
    name: str,
    kind: str,
    config: DistilConfig,
    objective: Objective | None = None,
) -> Lesson:
    """Tensors and description; raises as `distil`."""
    space = dataset.info.policy.action_space
    variant = config.resolved_variant(kind, space)
    episodes = successes(dataset, name)
    chosen, kept = split(episodes, config.val_episodes, name)
    inputs = make_inputs(dataset, chosen, config.proprio)
    scale = _action_scale(chosen) if kind == BC else None
    asked = objective or _own_labels(scale, variant)
    made = partial(make_samples, inputs=inputs, label=asked.label, space=space, dataset=dataset)
    samples = whole = made(chosen)
    held_out = made(kept) if kept else None
    if kind == DSBC and config.defer and objective is None:  # demonstrations have no lapses
        samples = without_lapses(samples, chosen)
        held_out = without_lapses(held_out, kept) if held_out else None
    training = {
        'config': {**asdict(config), 'variant': variant},
        'labels_are': asked.what,
        'data': {
            'digest': dataset.digest(),
            'episodes': len(chosen),
            'held_out_episodes': len(kept),
            'samples': len(samples),
            'left_out_episodes': len(dataset.episodes) - len(episodes),
            'lapses': len(whole) - len(samples),
            'dropped': dict(dataset.info.dropped),
        },
    }
    description = NoiseDescription(
        generalist=dataset.info.policy,
        inputs=inputs,
        architecture=Architecture(
            variant,
            config.encoder,
            config.resolved_width(space),
            defer=kind == DSBC and config.defer and is_mixed(samples),
        ),
        action_low=tuple(map(float, scale.action_low)) if scale else (),
        action_high=tuple(map(float, scale.action_high)) if scale else (),
        training=training,
    )
    return Lesson(description, samples, held_out, asked)


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _own_labels(scale: Normalisation | None, variant: str) -> Likelihood:
    """The dataset's noise, or its actions where there is a scale for them."""
    if scale is None:
        return Likelihood(NOISE, _noise, variant)
    return Likelihood('actions, in the range of the data', partial(_actions, scale=scale), variant)


def _noise(episode: DistillationEpisode) -> np.ndarray:
    """[N, H, A]: the padding is not learned."""
    return episode.noise[..., : episode.actions.shape[2]]


def _actions(episode: DistillationEpisode, scale: Normalisation) -> np.ndarray:
    """[N, H, A] in the range of the data."""
    return scale.normalise_action(episode.actions)


def _action_scale(episodes: tuple[DistillationEpisode, ...]) -> Normalisation:
    """From the range of the actions; a demonstration's extremes are meant, nothing is cut off."""
    actions = np.concatenate([e.actions.reshape(-1, e.actions.shape[2]) for e in episodes])
    low, high = actions.min(0), actions.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, MIN_HALF_WIDTH)
    nothing = np.zeros(0, np.float32)
    return Normalisation(
        (middle - half).astype(np.float32), (middle + half).astype(np.float32), nothing, nothing
    )


def _numbers(
    network: DistilledNetwork, lesson: Lesson, history: History, config: DistilConfig
) -> dict[str, Any]:
    """What the report shows."""
    generalist = lesson.description.generalist
    names = action_names(generalist.action_space)[: generalist.action_dim]
    numbers: dict[str, Any] = {
        'samples': len(lesson.samples),
        'held_out_samples': len(lesson.held_out) if lesson.held_out else 0,
        'steps': history.steps,
        'best_step': history.best_step,
        'loss': {k: v for k, v in history.entries[-1].items() if k != 'step'},
        'history': history.entries,
        'labels': statistics(lesson.samples, names),
        'error': {},
        'deferral': {},
    }
    for part, samples in (('train', lesson.samples), ('held_out', lesson.held_out)):
        if samples is None:
            continue
        rows = np.ones(len(samples), bool)
        if network.deferral is not None:
            rows = samples.steered.numpy()  # of others no noise is asked for
            numbers['deferral'][part] = decisions(network, samples)
        if rows.any():
            predicted, wanted = lesson.objective.met(network, samples, config.seed)
            numbers['error'][part] = errors(predicted[rows], wanted[rows], names)
    return numbers
