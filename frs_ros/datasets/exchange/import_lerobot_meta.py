# SPDX-License-Identifier: Apache-2.0
"""What meta/ of a LeRobot dataset says: rate, columns, tasks and episodes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_ros.datasets.exchange.imported import ImportSettings, rate
from frs_ros.datasets.exchange.lerobot_format import arrow
from frs_ros.documents import parse_json, read_json
from frs_ros.errors import DataError
from frs_ros.text import one_line, shown
from frs_ros.types import AGENTVIEW, WRIST

STATES = ('observation.state', 'state', 'observation/state')
ACTIONS = ('action', 'actions')
VERSIONS = ('v2.0', 'v2.1', 'v3.0')
_OF_WRIST = ('wrist', 'hand', 'image2')  # parts of names of cameras at the gripper
_MOST = 1 << 30  # bytes of a row group's columns
_VALUE = 8  # bytes of a number
_BATCH = 64  # rows, with their images, that are in memory at a time


@dataclass(frozen=True)
class Meta:
    """A dataset by its description.

    Attributes:
        fps: Rate of the rows, Hz.
        cameras: Our camera -> column.
        state: Column.
        action: Column.
        sizes: State and action column -> numbers per row; None if it is not said.
        tasks: Number -> words.
        lengths: Episode -> number of its rows.
        episode_tasks: Episode -> words of its tasks; None if they are not said.
    """

    fps: float
    cameras: Mapping[str, str]
    state: str
    action: str
    sizes: Mapping[str, int | None]
    tasks: Mapping[int, str]
    lengths: Mapping[int, int]
    episode_tasks: Mapping[int, frozenset[str] | None]


def read_meta(folder: Path, settings: ImportSettings) -> Meta:
    """Reads info.json, tasks and episodes; DataError if one is missing or makes no sense."""
    path = folder / 'meta' / 'info.json'
    info = read_json(path)
    features = info.get('features') if isinstance(info, dict) else None
    if not isinstance(features, dict) or not all(isinstance(f, dict) for f in features.values()):
        raise DataError(f'{folder} is no LeRobot dataset: {path} has no features')
    if info.get('codebase_version') not in VERSIONS:
        version = info.get('codebase_version')
        said = version if isinstance(version, str) and len(version) < 20 else shown(version)
        raise DataError(f'{folder} is of LeRobot {said}; read are {", ".join(VERSIONS)}')
    fps = rate(info.get('fps'), f'{path}: fps')
    state, action = _first(STATES, features, folder), _first(ACTIONS, features, folder)
    lengths: dict[int, int] = {}
    episode_tasks: dict[int, frozenset[str] | None] = {}
    for where, row in _rows(folder, 'episodes', ('episode_index', 'length', 'tasks')):
        index, length, said = row.get('episode_index'), row.get('length'), row.get('tasks')
        if not isinstance(index, int) or not isinstance(length, int) or index in lengths:
            raise DataError(f'{where}: no episode with its length, or one that stands twice')
        lengths[index] = length
        words = isinstance(said, list) and all(isinstance(word, str) for word in said)
        episode_tasks[index] = frozenset(map(str.strip, said)) if words else None
    if info.get('total_episodes', len(lengths)) != len(lengths):
        raise DataError(
            f'{path} says {shown(info["total_episodes"])} episodes, meta/episodes {len(lengths)}'
        )
    return Meta(
        fps=fps,
        cameras=_cameras(features, settings, folder),
        state=state,
        action=action,
        sizes={key: _size(features[key], f'{path}: {key}') for key in (state, action)},
        tasks=_tasks(folder),
        lengths=lengths,
        episode_tasks=episode_tasks,
    )


def parquet_rows(
    path: Path, columns: Sequence[str], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and values of each row; DataError if the file is damaged or lacks a column."""
    pa = arrow()
    try:
        file = pa.parquet.ParquetFile(path)
        there = set(file.schema_arrow.names)
        missing = [column for column in columns if column not in there]
        if missing:
            raise DataError(f"{path} has no column '{missing[0]}'")
        wanted = [*columns, *(column for column in optional if column in there)]
        number = 0
        for batch in file.iter_batches(_batch(file, path, wanted), columns=wanted):
            for row in batch.to_pylist():
                yield number, row
                number += 1
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise DataError(f'{path} cannot be read: {one_line(error)}') from error


def _batch(file: Any, path: Path, wanted: Sequence[str]) -> int:
    """How many rows may be in memory at a time; DataError if even one may be too large.

    A dictionary lets few bytes stand for many: a row counts as large as its whole group may be.
    """
    largest = 1
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        columns = [group.column(i) for i in range(group.num_columns)]
        columns = [c for c in columns if c.path_in_schema.split('.')[0] in wanted]
        stored = sum(c.total_uncompressed_size for c in columns)
        values = _VALUE * sum(c.num_values for c in columns)
        if max(stored, values) > _MOST:
            raise DataError(f'{path}: row group {number} may take more than {_MOST >> 20} MB')
        shared = [c.total_uncompressed_size for c in columns if c.has_dictionary_page]
        largest = max(largest, values, *shared)
    return max(1, min(_BATCH, _MOST // (16 * largest)))


def _rows(
    folder: Path, name: str, columns: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of meta/NAME, which is a JSONL of v2 or parquet of v3, each with its place."""
    meta = folder / 'meta'
    lines = meta / f'{name}.jsonl'
    single = meta / f'{name}.parquet'
    files = [single] if single.exists() else sorted((meta / name).rglob('*.parquet'))
    for file in files:
        for number, row in parquet_rows(file, (), (*columns, '__index_level_0__')):
            yield f'{file} row {number}', row
    if files:
        return
    try:
        content = lines.read_bytes()
    except OSError as error:
        raise DataError(
            f'{folder} has no meta/{name}: {lines}: {error.strerror or error}'
        ) from error
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            row = parse_json(line, f'{lines} line {number}')
            if not isinstance(row, dict):
                raise DataError(f'{lines} line {number}: no object in JSON')
            yield f'{lines} line {number}', row


def _tasks(folder: Path) -> dict[int, str]:
    tasks: dict[int, str] = {}
    for where, row in _rows(folder, 'tasks', ('task_index', 'task')):
        index, words = row.get('task_index'), row.get('task', row.get('__index_level_0__'))
        if not isinstance(index, int) or not isinstance(words, str) or index in tasks:
            raise DataError(f'{where}: no task in words with its number, or one that stands twice')
        tasks[index] = words.strip()
    return tasks


def _size(feature: Mapping[str, Any], where: str) -> int | None:
    shape = feature.get('shape')
    if shape is None:
        return None
    if not isinstance(shape, list) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise DataError(f'{where} has the shape {shown(shape)}')
    return math.prod(shape)


def _cameras(features: dict[str, Any], settings: ImportSettings, folder: Path) -> dict[str, str]:
    """Our camera -> column."""
    kinds = {key: str(value.get('dtype')) for key, value in features.items()}
    images = [key for key, kind in kinds.items() if kind == 'image']
    if not images:
        videos = 'only videos' if 'video' in kinds.values() else 'none'
        raise DataError(f'{folder} has no images in its parquet files ({videos})')
    for camera, key in settings.cameras:
        if key not in images:
            raise DataError(f"{folder} has no images '{key}' for {camera}, only {shown(images)}")
    if settings.cameras:
        return dict(settings.cameras)
    named = {key.split('.')[-1]: key for key in images}
    if AGENTVIEW in named and WRIST in named:
        return {AGENTVIEW: named[AGENTVIEW], WRIST: named[WRIST]}
    wrist = [key for key in images if any(part in key for part in _OF_WRIST)]
    other = [key for key in images if key not in wrist]
    if len(wrist) != 1 or len(other) != 1:
        raise DataError(
            f'which of {shown(images)} is which camera? say it with --cameras '
            f'{AGENTVIEW}=...,{WRIST}=...'
        )
    return {AGENTVIEW: other[0], WRIST: wrist[0]}


def _first(names: tuple[str, ...], features: dict[str, Any], folder: Path) -> str:
    for name in names:
        if name in features:
            return name
    raise DataError(f'{folder} has none of the columns {", ".join(names)}')
