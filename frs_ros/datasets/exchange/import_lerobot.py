# SPDX-License-Identifier: Apache-2.0
"""Demonstrations in LeRobot datasets, v2.1 and v3.0, whose images are in their parquet files.

Layout: https://github.com/huggingface/lerobot, src/lerobot/datasets/utils.py. What the rows say is
compared with what meta/ says of them; a dataset that contradicts itself is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.cameras.codec import decode_image
from frs_ros.datasets.exchange.import_lerobot_meta import Meta, parquet_rows, read_meta
from frs_ros.datasets.exchange.imported import MOST_STEPS, Foreign, ImageTrack, ImportSettings
from frs_ros.errors import DataError
from frs_ros.text import shown

TASK_CHANGES = 'their task changes midway; see --instruction'
_JITTER = 0.5  # largest deviation of the distance of two timestamps, in periods


def read_lerobot(folder: Path, settings: ImportSettings) -> Iterator[Foreign]:
    """Demonstrations of a dataset in order; DataError if it cannot be read."""
    meta = read_meta(folder, settings)
    columns = ['episode_index', 'frame_index', 'task_index', meta.state, meta.action]
    files = sorted((folder / 'data').rglob('*.parquet'))
    if not files:
        raise DataError(f'{folder / "data"} holds no parquet files')
    left = set(meta.lengths)
    episode: _Episode | None = None
    for file in files:
        for number, row in parquet_rows(file, [*columns, *meta.cameras.values()], ['timestamp']):
            index = _index(row, 'episode_index', f'{file} row {number}')
            if episode is None or index != episode.index or file != episode.file:
                if episode is not None:
                    yield episode.finish(settings)
                episode = _Episode(meta, index, file, _turned(meta, settings))
                if index not in left:
                    known = 'stands twice' if index in meta.lengths else 'is not in meta/episodes'
                    raise DataError(f'{file} row {number}: episode {index} {known}')
                left.discard(index)
            episode.add(row, number)
    if episode is not None:
        yield episode.finish(settings)
    if left:
        raise DataError(
            f'{folder}: meta/episodes says {len(meta.lengths)} episodes, data/ lacks '
            f'{len(left)} of them, such as {min(left)}'
        )


@dataclass
class _Episode:
    """Rows of one episode as they come."""

    meta: Meta
    index: int
    file: Path
    images: Mapping[str, ImageTrack]
    state: list[np.ndarray] = field(default_factory=list)
    actions: list[np.ndarray] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    stamp: float = math.nan

    def add(self, row: Mapping[str, Any], number: int) -> None:
        """Takes a row; DataError names it if it is not the next one or is incomplete."""
        where = f'{self.file} row {number} (episode {self.index})'
        frame = _index(row, 'frame_index', where)
        if frame != len(self.actions) or frame >= MOST_STEPS:
            raise DataError(f'{where}: frame_index is {frame} where {len(self.actions)} follows')
        self._follow(row.get('timestamp'), where)
        self.tasks.append(_index(row, 'task_index', where))
        for into, key in ((self.state, self.meta.state), (self.actions, self.meta.action)):
            into.append(_vector(row[key], key, self.meta.sizes[key], where))
        for camera, track in self.images.items():
            key = self.meta.cameras[camera]
            track.add(_image(row[key], f'{where}: {key}'), f'{where}: {key}')

    def finish(self, settings: ImportSettings) -> Foreign:
        """The demonstration; DataError if meta/ says something else of it."""
        name = f'{self.file} episode {self.index}'
        said = self.meta.lengths[self.index]
        if said != len(self.actions):
            raise DataError(f'{name} has {len(self.actions)} rows, meta/episodes says {said}')
        for task in set(self.tasks):
            if not settings.instruction and not self.meta.tasks.get(task):
                row = self.tasks.index(task)
                raise DataError(
                    f'{name} frame {row}: task {task} has no words in meta/tasks; give them with '
                    '--instruction'
                )
        words = {self.meta.tasks.get(task, '') for task in self.tasks}
        listed = self.meta.episode_tasks[self.index]
        if listed is not None and not settings.instruction and not words <= listed:
            raise DataError(
                f'{name}: its task is {shown(min(words))}, meta/episodes says '
                f'{shown(sorted(listed))}'
            )
        changes = len(words) > 1 and not settings.instruction
        return Foreign(
            name=name,
            instruction=settings.instruction or self.meta.tasks[self.tasks[0]],
            state=np.array(self.state),
            actions=np.array(self.actions),
            images={camera: track.jpegs for camera, track in self.images.items()},
            control_hz=self.meta.fps,
            left_out=TASK_CHANGES if changes else '',
        )

    def _follow(self, stamp: object, where: str) -> None:
        """Checks that rows are a period apart."""
        if not isinstance(stamp, float):
            return
        periods = (stamp - self.stamp) * self.meta.fps
        if self.actions and not abs(periods - 1.0) <= _JITTER:
            raise DataError(
                f'{where}: {stamp - self.stamp:.3f} s after the row before; meta/info.json says '
                f'{self.meta.fps:g} Hz'
            )
        self.stamp = stamp


def _turned(meta: Meta, settings: ImportSettings) -> dict[str, ImageTrack]:
    half = settings.turn == '180'
    return {camera: ImageTrack(half=half) for camera in meta.cameras}


def _index(row: Mapping[str, Any], key: str, where: str) -> int:
    value = row[key]
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f'{where}: {key} is {shown(value)}, no number of one')
    return value


def _vector(value: Any, key: str, size: int | None, where: str) -> np.ndarray:
    """[n] finite numbers of a row."""
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in numbers):
        raise DataError(f'{where}: {key} holds {shown(value)}, no row of numbers')
    if size is not None and len(numbers) != size:
        raise DataError(f'{where}: {key} has {len(numbers)} numbers, meta/info.json says {size}')
    if not all(map(math.isfinite, numbers)):
        raise DataError(f'{where}: {key} has a number that is not finite')
    return np.array(numbers, np.float64)


def _image(value: Any, where: str) -> np.ndarray:
    data = value.get('bytes') if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise DataError(f'{where} has an image that is not in the parquet file')
    try:
        return decode_image(data)
    except DataError as error:
        raise DataError(f'{where}: {error}') from error
