# SPDX-License-Identifier: Apache-2.0
"""Recorded episodes as a LeRobot dataset: one row for each plan.

A row is what the policy saw and what it answered: `action` is the first action of the chunk,
`chunk` all of them, and `noise` what they came from (NaN where there is none). Rows are a plan
apart, so `fps` is the rate of plans: control rate / executed actions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from frs_ros.bags.episodes.assembler import AssemblerSettings, EpisodeAssembler
from frs_ros.bags.episodes.bag_episodes import episodes_of
from frs_ros.bags.episodes.message_parts import image_of, loaded
from frs_ros.bags.episodes.recorded_episode import RecordedChunk, RecordedEpisode
from frs_ros.bags.read.bag_reader import Bag, distinct
from frs_ros.datasets.conversion import TWICE
from frs_ros.datasets.exchange import lerobot_format as lerobot
from frs_ros.errors import DataError
from frs_ros.folders import whole_folder

_JPEG, _PNG = b'\xff\xd8', b'\x89PNG'
_THUMB = 32  # pixels of what statistics are made of


class Image(NamedTuple):
    """An image that waits for the end of its episode.

    Attributes:
        data: JPEG or PNG file.
        shape: [h, w, 3].
        thumb: [32, 32, 3] uint8 RGB.
    """

    data: bytes
    shape: tuple[int, ...]
    thumb: np.ndarray


class LeRobotExport:
    """A dataset in the making.

    Args:
        folder: Of the new dataset; DataError if it holds anything.
        outcomes: Episodes that end otherwise are left out; None for all.

    Attributes:
        dropped: What was left out -> how often.
        episodes: Number of episodes written.
        frames: Number of rows written.
    """

    def __init__(self, folder: Path, outcomes: Sequence[str] | None = ('success',)) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DataError(f'{folder} exists; name a new folder or remove it')
        lerobot.arrow()
        self._folder, self._outcomes = folder, outcomes
        self._features: dict[str, dict[str, Any]] = {}
        self._fps = 0.0
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._stats: list[dict[str, dict[str, Any]]] = []
        self.dropped: Counter[str] = Counter()
        self.frames = 0

    @property
    def episodes(self) -> int:
        """Number of episodes written."""
        return len(self._rows)

    def add(self, episode: RecordedEpisode) -> None:
        """Writes one episode."""
        if self._outcomes is not None and episode.outcome not in self._outcomes:
            self.dropped[f'episodes: {episode.outcome}'] += 1
            return
        chunks = [chunk for chunk in episode.chunks if chunk.images and chunk.state is not None]
        if chunks and not self._features:
            self._begin(chunks[0])
        fitting = [chunk for chunk in chunks if _features(chunk) == self._own()]
        self.dropped['chunks that are incomplete or of another shape'] += len(
            episode.chunks
        ) - len(fitting)
        if not fitting:
            self.dropped['episodes without usable chunks'] += 1
            return
        columns = self._columns(episode, fitting)
        lerobot.write_data(
            self._folder, self.episodes, lerobot.data_table(columns, self._features)
        )
        self._describe(episode, columns, fitting)

    def finish(self) -> None:
        """Writes what describes the dataset; DataError if it is empty."""
        if not self._rows:
            counted = ', '.join(f'{count} {reason}' for reason, count in (+self.dropped).items())
            raise DataError(f'nothing to export is left ({counted or "no episode was found"})')
        lerobot.write_tasks(self._folder, list(self._tasks))
        lerobot.write_episodes(self._folder, self._rows)
        whole = int(self._fps)
        info = {
            'codebase_version': lerobot.VERSION,
            'robot_type': 'frs_ros',
            'total_episodes': self.episodes,
            'total_frames': self.frames,
            'total_tasks': len(self._tasks),
            'chunks_size': lerobot.CHUNK_FILES,
            'data_files_size_in_mb': 100,
            'video_files_size_in_mb': 200,
            'fps': whole if whole == self._fps else self._fps,
            'splits': {'train': f'0:{self.episodes}'},
            'data_path': lerobot.DATA_PATH,
            'video_path': None,
            'features': self._features,
        }
        lerobot.write_meta(self._folder, info, _pooled(self._stats))

    def _begin(self, chunk: RecordedChunk) -> None:
        self._features = {**_features(chunk), **lerobot.DEFAULT_FEATURES}
        self._fps = chunk.chunk.control_hz / chunk.chunk.execute_steps

    def _own(self) -> dict[str, dict[str, Any]]:
        return {k: v for k, v in self._features.items() if k not in lerobot.DEFAULT_FEATURES}

    def _columns(
        self, episode: RecordedEpisode, chunks: Sequence[RecordedChunk]
    ) -> dict[str, Any]:
        rows = np.arange(len(chunks))
        task = self._tasks.setdefault(episode.instruction, len(self._tasks))
        columns: dict[str, Any] = {
            'observation.state': [np.asarray(c.state, np.float32) for c in chunks],
            'action': [c.chunk.actions[0].astype(np.float32) for c in chunks],
            'chunk': [c.chunk.actions.ravel().astype(np.float32) for c in chunks],
            'noise': [c.chunk.noise.ravel() for c in chunks],
            'steered': [bool(c.steered) for c in chunks],
            'timestamp': (rows / self._fps).astype(np.float32),
            'frame_index': rows,
            'episode_index': np.full(len(rows), self.episodes),
            'index': self.frames + rows,
            'task_index': np.full(len(rows), task),
        }
        for camera in chunks[0].images:
            images = [{'bytes': c.images[camera].data, 'path': None} for c in chunks]
            columns[f'observation.images.{camera}'] = images
        return columns

    def _describe(
        self, episode: RecordedEpisode, columns: dict[str, Any], chunks: Sequence[RecordedChunk]
    ) -> None:
        stats = {}
        for name, feature in self._features.items():
            if feature['dtype'] == 'image':
                camera = name.removeprefix('observation.images.')
                seen = np.stack([c.images[camera].thumb for c in chunks])
                stats[name] = lerobot.statistics(seen)
            else:
                values = np.stack([np.atleast_1d(v) for v in columns[name]])
                stats[name] = lerobot.statistics(values)
        self._stats.append(stats)
        place = lerobot.file_place(self.episodes)
        self._rows.append(
            {
                'episode_index': self.episodes,
                'tasks': [episode.instruction],
                'length': len(chunks),
                **{f'data/{key}': value for key, value in place.items()},
                'dataset_from_index': self.frames,
                'dataset_to_index': self.frames + len(chunks),
                'outcome': episode.outcome,
                **{f'stats/{n}/{k}': v for n, found in stats.items() for k, v in found.items()},
            }
        )
        self.frames += len(chunks)


def export(
    bags: Sequence[Bag],
    folder: Path,
    outcomes: Sequence[str] | None,
    progress: Callable[[int], Any] = lambda position: None,
) -> tuple[LeRobotExport, list[str]]:
    """Writes the episodes of some bags; returns what was written, and lines about the bags.

    Raises:
        DataError: There is nothing to export; no folder is left then.
    """
    bags, notes = distinct(bags)
    known: set[str] = set()
    before = 0
    with whole_folder(folder) as unfinished:
        made = LeRobotExport(unfinished, outcomes)
        for bag in bags:
            assembler = EpisodeAssembler(AssemblerSettings(), as_file)
            for episode in episodes_of(bag, assembler):
                if episode.digest in known:
                    made.dropped[TWICE] += 1
                else:
                    made.add(episode)
                known.add(episode.digest)
                progress(before + bag.position)
            before += bag.size
            made.dropped.update(assembler.counts)
            lines = [*bag.notes, *bag.remarks, *assembler.complaints, *assembler.remarks]
            notes += [f'{bag.path}: {line}' for line in lines]
        made.finish()
    return made, notes


def as_file(message: Any) -> Image:
    """An image as a JPEG or PNG file: unchanged if it came as one, else PNG, without loss."""
    message = loaded(message)
    pixels = image_of(message)
    data = b'' if hasattr(message, 'encoding') else bytes(message.data)
    if not data.startswith((_JPEG, _PNG)):
        data = cv2.imencode('.png', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
    thumb = cv2.resize(pixels, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
    return Image(data, pixels.shape, thumb)


def _features(recorded: RecordedChunk) -> dict[str, dict[str, Any]]:
    """Columns that a chunk has."""
    chunk = recorded.chunk
    assert recorded.state is not None

    def numbers(size: int, kind: str = 'float32') -> dict[str, Any]:
        return {'dtype': kind, 'shape': [int(size)], 'names': None}

    features = {
        f'observation.images.{camera}': {
            'dtype': 'image',
            'shape': list(image.shape),
            'names': ['height', 'width', 'channels'],
        }
        for camera, image in sorted(recorded.images.items())
    }
    return {
        **features,
        'observation.state': numbers(len(recorded.state)),
        'action': numbers(chunk.actions.shape[1]),
        'chunk': numbers(chunk.actions.size),
        'noise': numbers(chunk.noise.size),
        'steered': numbers(1, 'bool'),
    }


def _pooled(stats: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Statistics of all episodes from those of each; quantiles by their weighted means."""
    pooled: dict[str, dict[str, Any]] = {}
    for name in stats[0]:
        count = np.array([s[name]['count'][0] for s in stats], np.float64)
        weight = count / count.sum()
        columns = {k: np.array([s[name][k] for s in stats]) for k in stats[0][name]}
        mean = np.tensordot(weight, columns['mean'], 1)
        square = columns['std'] ** 2 + (columns['mean'] - mean) ** 2
        merged = {k: np.tensordot(weight, v, 1) for k, v in columns.items() if k.startswith('q')}
        merged |= {
            'min': columns['min'].min(0),
            'max': columns['max'].max(0),
            'mean': mean,
            'std': np.sqrt(np.tensordot(weight, square, 1)),
        }
        pooled[name] = {k: v.tolist() for k, v in merged.items()} | {'count': [int(count.sum())]}
    return pooled
