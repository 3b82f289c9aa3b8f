# SPDX-License-Identifier: Apache-2.0
"""A dataset of noise labels as tensors: successes only, some of them held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from frs_ros.datasets.distillation import DistillationDataset, DistillationEpisode
from frs_ros.errors import DataError
from frs_ros.policies.noise.description import Inputs
from frs_ros.policies.noise.inputs import fit_scale, scaled_state, state_features
from frs_ros.policies.vocabulary import normalise

LET_GO = 3  # chunks without guidance in a row that are a decision; fewer are a lapse

# Labels [N, H, A] of one episode.
Label = Callable[[DistillationEpisode], np.ndarray]


@dataclass(frozen=True)
class Samples:
    """N observations with their labels.

    Attributes:
        images: [N, h, w, 3] uint8 of each camera.
        state: [N, P] standard scores.
        sentence: [N] index of the instruction.
        target: [N, H, A] what is to be learned.
        steered: [N] bool, whether guidance was followed.
        number: [N] int64 place of the chunk among all of the dataset.
    """

    images: tuple[Tensor, ...]
    state: Tensor
    sentence: Tensor
    target: Tensor
    steered: Tensor
    number: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def take(self, kept: Tensor) -> Samples:
        """Those of a mask [N]."""
        others = {f.name: getattr(self, f.name)[kept] for f in fields(self) if f.name != 'images'}
        return Samples(images=tuple(images[kept] for images in self.images), **others)


def successes(dataset: DistillationDataset, name: str) -> tuple[DistillationEpisode, ...]:
    """Episodes that solved their task and have labels; DataError if there are none."""
    found = tuple(e for e in dataset.episodes if e.outcome == 'success' and len(e))
    if not found:
        counts = Counter(episode.outcome for episode in dataset.episodes)
        has = ', '.join(f'{count} {outcome}' for outcome, count in sorted(counts.items()))
        raise DataError(
            f'{name} has no successful episode with labels ({has or "no episode"}); only '
            'successes are learned from'
        )
    return found


def split(
    episodes: Sequence[DistillationEpisode], held_out: int, name: str
) -> tuple[tuple[DistillationEpisode, ...], tuple[DistillationEpisode, ...]]:
    """Episodes to train on, and the last ones to validate on; DataError if none would be left."""
    if held_out >= len(episodes):
        raise DataError(
            f'{name} has {len(episodes)} successful episode(s); --val-episodes {held_out} leaves '
            'none to learn from'
        )
    cut = len(episodes) - held_out
    return tuple(episodes[:cut]), tuple(episodes[cut:])


def make_inputs(
    dataset: DistillationDataset, train: Sequence[DistillationEpisode], proprio: bool
) -> Inputs:
    """What the network will be fed; the scale of the state is that of the training episodes."""
    info = dataset.info
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    if proprio and info.state_dim:
        states = np.concatenate([episode.state for episode in train])
        mean, std = fit_scale(state_features(states, info.policy.action_space))
    return Inputs(
        cameras=info.cameras,
        image_size=info.image_size,
        state_dim=info.state_dim if mean else 0,
        state_mean=mean,
        state_std=std,
        instructions=tuple(sorted({normalise(episode.instruction) for episode in train})),
    )


def is_mixed(samples: Samples) -> bool:
    """Whether some chunks were steered and others were not."""
    return bool(samples.steered.any()) and not bool(samples.steered.all())


def lapses(steered: np.ndarray) -> np.ndarray:
    """[N] bool, which chunks of an episode the operator missed rather than left to the policy.

    Nothing is to be learned from them: they came unsteered by chance, and what is learned by heart
    of them is let go on the way, elsewhere. A pause at the end is none: nobody steered again.

    Args:
        steered: [N] bool, in order.
    """
    missed = np.zeros(len(steered), bool)
    begin = 0
    for index, guided in enumerate(steered):
        if guided:
            missed[begin:index] = index - begin < LET_GO
            begin = index + 1
    return missed


def without_lapses(samples: Samples, episodes: Sequence[DistillationEpisode]) -> Samples:
    """The samples of these episodes but for their `lapses`."""
    missed = np.concatenate([lapses(np.asarray(e.steered, bool)) for e in episodes])
    return samples.take(torch.from_numpy(~missed))


def make_samples(
    episodes: Sequence[DistillationEpisode],
    inputs: Inputs,
    label: Label,
    space: str,
    dataset: DistillationDataset,
) -> Samples:
    """All observations of these episodes of a dataset.

    Those with an unknown instruction count as the first.
    """
    ends = np.cumsum([len(episode) for episode in dataset.episodes])
    numbers = {id(e): np.arange(end - len(e), end) for e, end in zip(dataset.episodes, ends)}
    known = {text: index for index, text in enumerate(inputs.instructions)}

    def sentence(episode: DistillationEpisode) -> Tensor:
        return torch.full((len(episode),), known.get(normalise(episode.instruction), 0))

    states = [np.asarray(e.state, np.float64) for e in episodes]
    return Samples(
        images=tuple(
            torch.from_numpy(np.concatenate([e.images[camera] for e in episodes]))
            for camera in inputs.cameras
        ),
        state=torch.from_numpy(scaled_state(np.concatenate(states), inputs, space)),
        sentence=torch.cat([sentence(e) for e in episodes]),
        target=torch.from_numpy(
            np.concatenate([label(e) for e in episodes]).astype(np.float32, copy=False)
        ),
        steered=torch.from_numpy(np.concatenate([e.steered for e in episodes]).astype(bool)),
        number=torch.from_numpy(np.concatenate([numbers[id(e)] for e in episodes])),
    )
