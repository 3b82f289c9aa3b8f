# SPDX-License-Identifier: Apache-2.0
"""Demonstrations as the tensors the generalist trains on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frs_ros.datasets import demonstrations
from frs_ros.datasets.demonstrations import Demonstration
from frs_ros.errors import DataError
from frs_ros.policies import images
from frs_ros.policies.mini_network import HORIZON, LOCALISED
from frs_ros.policies.normalisation import Normalisation
from frs_ros.policies.proprioception import proprioception
from frs_ros.policies.vocabulary import Vocabulary, normalise
from frs_ros.sim.wording import object_type
from frs_ros.training.generalist.config import FIRST_VALIDATION_INIT
from frs_ros.types import AGENTVIEW, WRIST

_CLAMP = 1.5  # of actions in model space: the tails beyond the 1 % quantiles


@dataclass(frozen=True)
class Frames:
    """N frames of many episodes.

    Attributes:
        agentview: [N, h, w, 3] uint8, cropped.
        wrist: [N, h, w, 3] uint8.
        proprio: [N, 11] standardised.
        chunk: [N, H, A] expert actions from this frame on, in model space; beyond the episode's
            end the last action is repeated.
        valid: [N, H] 1 where the action lies within the episode.
        instruction: [N] int64 index.
        pixels: [N, 2, `LOCALISED`, 2] places of target and destination in the cropped images.
        settled: [N] bool, whether the scene has one destination only, which is then known without
            an instruction.
    """

    agentview: Tensor
    wrist: Tensor
    proprio: Tensor
    chunk: Tensor
    valid: Tensor
    instruction: Tensor
    pixels: Tensor
    settled: Tensor

    def __len__(self) -> int:
        return len(self.instruction)

    def take(self, index: Tensor) -> Frames:
        """The frames of an index, copied."""
        return Frames(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class TrainingData:
    """Everything made from one or several datasets.

    Attributes:
        train: Frames to train on.
        validation: Frames to measure the loss on; None if the dataset has no such episodes.
        normalisation: Fitted to the training episodes.
        vocabulary: All instructions of the training episodes.
        summary: Facts for model card and checkpoint, JSON types.
    """

    train: Frames
    validation: Frames | None
    normalisation: Normalisation
    vocabulary: Vocabulary
    summary: dict[str, object]


def load_training_data(
    folders: Sequence[Path], held_out: Sequence[str], threads: int, progress: bool = True
) -> TrainingData:
    """Reads datasets of `frs collect`.

    Args:
        folders: The datasets, such as one per suite.
        held_out: Object types that must not be a target, and instructions that must not occur.
        threads: Threads that decode images.
        progress: Whether to show progress.

    Raises:
        DataError: If there are no episodes with images, or a target is held out.
    """
    episodes: list[Demonstration] = []
    settled: dict[int, bool] = {}  # by identity: an episode does not know its dataset
    tasks: dict[str, list[int]] = {}
    for folder in folders:
        part = _read(folder, progress)
        if not all(e.names for e in part):
            raise DataError(
                f'{folder} was imported and does not say where objects are; it is for '
                'frs train offline-dsbc'
            )
        suite = demonstrations.suite_of(folder)
        tasks[suite] = sorted({*tasks.get(suite, ()), *(e.task_id for e in part)})
        one_destination = len({e.names[-1] for e in part}) == 1
        settled |= {id(e): one_destination for e in part}
        episodes += part
    check_held_out(episodes, held_out)
    train = [e for e in episodes if e.init_id < FIRST_VALIDATION_INIT]
    validation = [e for e in episodes if e.init_id >= FIRST_VALIDATION_INIT]
    if not any(len(e.frames) for e in train):
        names = ', '.join(str(folder) for folder in folders)
        raise DataError(f'{names}: no images to train on; render them with frs collect')
    normalisation = Normalisation.fit(
        np.concatenate([e.actions for e in train]),
        proprioception(np.concatenate([e.state[e.frames] for e in train])),
    )
    vocabulary = Vocabulary(e.instruction for e in train)
    with tqdm(total=len(episodes), desc='decoding', unit='ep', disable=not progress) as bar:
        sets = [
            pack(part, settled, normalisation, vocabulary, threads, bar) if part else None
            for part in (train, validation)
        ]
    assert sets[0] is not None
    summary = {
        'episodes': len(train),
        'validation_episodes': len(validation),
        'steps': sum(len(e.actions) for e in train),
        'frames': len(sets[0]),
        'validation_frames': len(sets[1]) if sets[1] else 0,
        'tasks': tasks,
        'targets': sorted({object_type(e.target) for e in train}),
        'held_out': list(held_out),
        'digest': '+'.join(demonstrations.digest(folder) for folder in folders),
    }
    return TrainingData(sets[0], sets[1], normalisation, vocabulary, summary)


def _read(folder: Path, progress: bool) -> list[Demonstration]:
    files = demonstrations.episode_files(folder)
    bar = tqdm(files, f'reading {folder.name}', unit='ep', disable=not progress)
    return [demonstrations.load(file) for file in bar]


def check_held_out(episodes: Iterable[Demonstration], held_out: Sequence[str]) -> None:
    """DataError if what is held out is done: only targets are labelled and named."""
    never = {normalise(name) for name in held_out}
    for episode in episodes:
        if object_type(episode.target) in held_out or normalise(episode.instruction) in never:
            raise DataError(
                f"task {episode.task_id}, init {episode.init_id}: target '{episode.target}' is "
                'held out and must not be trained on'
            )


def pack(
    episodes: Sequence[Demonstration],
    settled: Mapping[int, bool],
    normalisation: Normalisation,
    vocabulary: Vocabulary,
    threads: int,
    bar: tqdm,
) -> Frames:
    """Frames of all episodes, decoded in place by several threads.

    Args:
        episodes: What to pack.
        settled: id() of an episode -> `Frames.settled`.
        normalisation: Of actions and proprioception.
        vocabulary: Of the instructions.
        threads: Threads that decode images.
        bar: Counts the episodes.
    """
    counts = [len(e.frames) for e in episodes]
    total = sum(counts)
    packed = {
        name: np.empty((total, *images.network_size(name), 3), np.uint8)
        for name in (AGENTVIEW, WRIST)
    }

    def decode(episode: Demonstration, start: int) -> None:
        for camera in images.CAMERAS:
            if not len(episode.frames):
                continue
            decoded = episode.decode_frames(camera.name)
            if decoded.shape[1:3] != (camera.height, camera.width):
                raise DataError(
                    f'{camera.name} images are {decoded.shape[1]}x{decoded.shape[2]}, expected '
                    f'{camera.height}x{camera.width}; render them again with frs render'
                )
            end = start + len(decoded)
            packed[camera.name][start:end] = images.crop(decoded, camera.name)

    starts = np.cumsum([0, *counts[:-1]])
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(decode, episodes, starts):
            bar.update()
    columns = [
        (*_columns(e, normalisation, vocabulary), np.full(len(e.frames), settled[id(e)]))
        for e in episodes
    ]
    stacked = (torch.from_numpy(np.concatenate(values)) for values in zip(*columns, strict=True))
    return Frames(torch.from_numpy(packed[AGENTVIEW]), torch.from_numpy(packed[WRIST]), *stacked)


def _columns(
    episode: Demonstration, normalisation: Normalisation, vocabulary: Vocabulary
) -> tuple[np.ndarray, ...]:
    """All of an episode's `Frames` but the images and `settled`, in their order."""
    frames, length = episode.frames.astype(np.int64), len(episode.actions)
    rows = frames[:, None] + np.arange(HORIZON)
    chunk = normalisation.normalise_action(episode.actions[np.minimum(rows, length - 1)])
    labelled = [episode.names.index(episode.target), len(episode.names) - 1]
    assert len(labelled) == LOCALISED
    pixels = episode.pixels[:, :, labelled].astype(np.float32)
    for i, camera in enumerate((AGENTVIEW, WRIST)):
        pixels[:, i] = images.crop_pixels(pixels[:, i], camera)
    return (
        normalisation.standardise(proprioception(episode.state[frames])),
        chunk.clip(-_CLAMP, _CLAMP).astype(np.float32),
        (rows < length).astype(np.float32),
        np.full(len(frames), vocabulary.index(episode.instruction), np.int64),
        pixels,
    )
