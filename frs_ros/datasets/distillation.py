# SPDX-License-Identifier: Apache-2.0
"""The dataset that noise policies learn from: observations and the noise that solved the task.

A folder: `dataset.json` describes it and appears last, `episodes/NNNN.npz` hold the chunks of one
episode each (never pickle). Every file appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.datasets.npz import read_npz
from frs_ros.documents import read_json
from frs_ros.errors import DataError
from frs_ros.files import replacing, write_atomically
from frs_ros.policies.identity import PolicyInfo
from frs_ros.text import one_line, shown

DESCRIPTION = 'dataset.json'
KIND = 'frs_distillation'
VERSION = 1
MOST_EPISODES = 1_000_000
OUTCOMES = ('success', 'failure', 'aborted', 'unknown')

_SCALARS = ('id', 'instruction', 'outcome', 'seed', 'source')
_ROWS = ('state', 'noise', 'actions', 'executed', 'stamp_ns', 'method', 'steered')
_IMAGES = 'images_'


@dataclass(frozen=True)
class Source:
    """Where episodes came from: a bag's name and the fingerprint of its files."""

    name: str
    digest: str


@dataclass(frozen=True)
class DistillationEpisode:
    """The N labelled chunks of one episode, in order.

    Attributes:
        id: As in the Episode messages.
        instruction: Task in words.
        outcome: One of `OUTCOMES`.
        seed: Of the episode's random draws.
        source: Name of the bag, or of the live session.
        images: Camera -> [N, h, w, 3] uint8 RGB, what the policy saw when it planned, resized.
        state: [N, S] float64 proprioception, see `types.Observation.state`.
        noise: [N, H, D] float32 in model space, finite: what was denoised to the chunk.
        actions: [N, H, A] float64 in units.
        executed: [N] int64, how many actions of each chunk were to be executed, in [1, H].
        stamp_ns: [N] int64 stamps of the observations.
        method: [N] str, steering method of each chunk.
        steered: [N] bool, whether guidance was followed.
    """

    id: str
    instruction: str
    outcome: str
    seed: int
    source: str
    images: Mapping[str, np.ndarray]
    state: np.ndarray
    noise: np.ndarray
    actions: np.ndarray
    executed: np.ndarray
    stamp_ns: np.ndarray
    method: np.ndarray
    steered: np.ndarray

    def __len__(self) -> int:
        return len(self.noise)


@dataclass(frozen=True)
class DistillationInfo:
    """What all episodes of a dataset share.

    Attributes:
        policy: Whose noise it is.
        cameras: Names in the order in which a noise policy is fed.
        image_size: Height and width of all images, pixels.
        state_dim: S.
        sources: Bags the episodes came from.
        dropped: Reason -> how many chunks or episodes were left out.
    """

    policy: PolicyInfo
    cameras: tuple[str, ...]
    image_size: int
    state_dim: int
    sources: tuple[Source, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class DistillationDataset:
    """A dataset in memory."""

    info: DistillationInfo
    episodes: tuple[DistillationEpisode, ...]

    @property
    def samples(self) -> int:
        """Number of labelled chunks."""
        return sum(len(episode) for episode in self.episodes)

    def digest(self) -> str:
        """Fingerprint (16 hex) of all that is learned from; names of bags do not count."""
        policy = json.dumps(asdict(self.info.policy), sort_keys=True)
        sums = hashlib.sha256(policy.encode())
        for episode in self.episodes:
            for name, value in sorted(_arrays(episode).items()):
                if name != 'source':
                    sums.update(f'{name} {value.dtype.str} {value.shape}'.encode())
                    sums.update(np.ascontiguousarray(value).tobytes())
        return sums.hexdigest()[:16]


class DatasetWriter:
    """Writes a dataset episode by episode: memory holds one at a time."""

    def __init__(self, folder: Path) -> None:
        """Begins a dataset in `folder`; DataError if it holds one, or anything else."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DataError(f'{folder} exists; name a new folder or remove it')
        self._folder = folder
        self._count = 0

    def add(self, episode: DistillationEpisode, info: DistillationInfo) -> None:
        """Writes one episode; DataError if it does not fit `info`."""
        check_episode(episode, info, f"episode '{episode.id}'")
        path = _episode_path(self._folder, self._count)
        with replacing(path) as temporary:
            np.savez(temporary, **_arrays(episode))  # type: ignore[arg-type]
        self._count += 1

    def finish(self, info: DistillationInfo) -> None:
        """Writes the description: only now is the folder a dataset."""
        text = json.dumps(
            {'kind': KIND, 'version': VERSION, 'episodes': self._count, **asdict(info)}, indent=2
        )
        write_atomically(self._folder / DESCRIPTION, text + '\n')

    def discard(self) -> None:
        """Removes what was written."""
        shutil.rmtree(self._folder, ignore_errors=True)


def save_dataset(dataset: DistillationDataset, folder: Path) -> None:
    """Writes a dataset into a new folder; DataError if an episode does not fit the rest."""
    writer = DatasetWriter(folder)
    for episode in dataset.episodes:
        writer.add(episode, dataset.info)
    writer.finish(dataset.info)


def load_dataset(folder: Path) -> DistillationDataset:
    """Reads a dataset; DataError if anything of it is missing, truncated or inconsistent."""
    info, count = _read_description(Path(folder))
    if not count:
        raise DataError(f'{folder} has no episodes')
    paths = (_episode_path(Path(folder), n) for n in range(count))
    return DistillationDataset(info, tuple(_load_episode(path, info) for path in paths))


def digest(folder: Path) -> str:
    """Fingerprint of a dataset on disk, see `DistillationDataset.digest`."""
    return load_dataset(folder).digest()


def check_episode(episode: DistillationEpisode, info: DistillationInfo, name: str) -> None:
    """DataError, beginning with `name`, if an episode does not fit the dataset."""
    rows, policy, size = len(episode.noise), info.policy, info.image_size
    expected: dict[str, tuple[int, ...]] = {
        'state': (rows, info.state_dim),
        'noise': (rows, policy.horizon, policy.model_dim),
        'actions': (rows, policy.horizon, policy.action_dim),
        **{field: (rows,) for field in ('executed', 'stamp_ns', 'method', 'steered')},
    }
    for field_name, shape in expected.items():
        _check_shape(getattr(episode, field_name), shape, f'{name}: {field_name}')
    if set(episode.images) != set(info.cameras):
        raise DataError(f'{name} has cameras {sorted(episode.images)}, not {sorted(info.cameras)}')
    for camera, images in episode.images.items():
        _check_shape(images, (rows, size, size, 3), f'{name}: images of {camera}')
        if images.dtype != np.uint8:
            raise DataError(f'{name}: images of {camera} are {images.dtype}, not uint8')
    if episode.outcome not in OUTCOMES:
        raise DataError(f"{name} has outcome '{episode.outcome}', none of {', '.join(OUTCOMES)}")
    for field_name in ('state', 'noise', 'actions'):
        if not np.isfinite(getattr(episode, field_name)).all():
            raise DataError(f'{name}: {field_name} is not finite')


def _check_shape(value: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if value.shape != shape:
        raise DataError(f'{name} has shape {list(value.shape)} instead of {list(shape)}')


def _episode_path(folder: Path, number: int) -> Path:
    return folder / 'episodes' / f'{number:04d}.npz'


def _arrays(episode: DistillationEpisode) -> dict[str, np.ndarray]:
    values = {name: np.asarray(getattr(episode, name)) for name in (*_SCALARS, *_ROWS)}
    images = {f'{_IMAGES}{camera}': value for camera, value in episode.images.items()}
    return {**values, 'seed': np.asarray(episode.seed, np.uint64), **images}


def _read_description(folder: Path) -> tuple[DistillationInfo, int]:
    if not (folder / DESCRIPTION).exists():
        raise DataError(
            f'{folder} is no dataset, it has no {DESCRIPTION}; make one with: '
            'frs bag convert BAG --out DATASET'
        )
    try:
        values: dict[str, Any] = read_json(folder / DESCRIPTION)
        if values['kind'] != KIND:
            kind = shown(values['kind'])
            raise DataError(f'{folder} holds {kind}, not a dataset of frs bag convert')
        if values['version'] != VERSION:
            version = shown(values['version'])
            raise DataError(f'{folder} has format {version}; this release reads {VERSION}')
        values['policy'] = PolicyInfo(**values['policy'])
        values['cameras'] = tuple(values['cameras'])
        values['sources'] = tuple(Source(**source) for source in values['sources'])
        info = DistillationInfo(**{f.name: values[f.name] for f in fields(DistillationInfo)})
        _check_types(info)
        count = values['episodes']
        if type(count) is not int or not 0 <= count <= MOST_EPISODES:
            raise ValueError(f'episodes: {shown(count)}')
        return info, count
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        line = f'{type(error).__name__}: {one_line(error)}'
        raise DataError(f'{folder} has no readable {DESCRIPTION}: {line}') from error


def _check_types(info: DistillationInfo) -> None:
    """ValueError if what is compared and shown later is of another type than is written."""
    policy, texts = info.policy, [*info.cameras]
    texts += [policy.policy_id, policy.action_space]
    texts += [text for source in info.sources for text in (source.name, source.digest)]
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f'{shown(text)} where a text belongs')
    sizes = info.image_size, info.state_dim, policy.horizon, policy.action_dim, policy.model_dim
    for size in sizes:
        if type(size) is not int or size < 0:
            raise ValueError(f'{shown(size)} where a size belongs')


def _load_episode(path: Path, info: DistillationInfo) -> DistillationEpisode:
    images = {camera: f'{_IMAGES}{camera}' for camera in info.cameras}
    values: dict[str, Any] = dict(read_npz(path, (*_SCALARS, *_ROWS, *images.values())))
    values['images'] = {camera: values.pop(name) for camera, name in images.items()}
    try:
        for name in _SCALARS:
            values[name] = values[name].item()
    except ValueError as error:
        raise DataError(f'{path} is not a readable episode: {one_line(error)}') from error
    episode = DistillationEpisode(**values)
    check_episode(episode, info, str(path))
    return episode
