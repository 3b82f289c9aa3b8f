# SPDX-License-Identifier: Apache-2.0
"""Demonstrations in LeRobot datasets, v2.1 and v3.0, whose pictures are in their parquet files.

Layout: https://github.com/huggingface/lerobot, src/lerobot/datasets/utils.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.cameras.codec import decode_picture
from frs_ros.data.imported import Foreign, ImportSettings, turned
from frs_ros.errors import DataError, DependencyError
from frs_ros.types import AGENTVIEW, WRIST

STATES = ('observation.state', 'state', 'observation/state')
ACTIONS = ('action', 'actions')
VERSIONS = ('v2.0', 'v2.1', 'v3.0')
_OF_WRIST = ('wrist', 'hand', 'image2')  # parts of names of cameras at the gripper


def read_lerobot(folder: Path, settings: ImportSettings) -> Iterator[Foreign]:
    """Demonstrations of a dataset in order; DataError if it cannot be read."""
    parquet = _parquet()
    info = _info(folder)
    cameras = _cameras(info['features'], settings, folder)
    state = _first(STATES, info['features'], folder)
    action = _first(ACTIONS, info['features'], folder)
    tasks = _tasks(folder)
    columns = ['episode_index', 'task_index', state, action, *cameras.values()]
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / 'data').rglob('*.parquet')):
        try:
            for batch in parquet.ParquetFile(path).iter_batches(256, columns=columns):
                for row in batch.to_pylist():
                    if rows and row['episode_index'] != rows[0]['episode_index']:
                        yield _demonstration(rows, cameras, state, action, tasks, folder, settings)
                        rows = []
                    rows.append(row)
        except (OSError, ValueError, KeyError) as error:  # errors of arrow are of these kinds
            raise DataError(f'{path} cannot be read: {error}') from error
    if rows:
        yield _demonstration(rows, cameras, state, action, tasks, folder, settings)


def _demonstration(
    rows: list[dict[str, Any]],
    cameras: dict[str, str],
    state: str,
    action: str,
    tasks: dict[int, str],
    folder: Path,
    settings: ImportSettings,
) -> Foreign:
    name = f'{folder} episode {rows[0]["episode_index"]}'
    half = settings.turn == '180'
    images = {
        camera: turned(np.stack([_picture(row[key], name) for row in rows]), half=half)
        for camera, key in cameras.items()
    }
    return Foreign(
        name=name,
        instruction=settings.instruction or tasks.get(rows[0]['task_index'], ''),
        state=np.array([row[state] for row in rows], np.float64),
        actions=np.array([row[action] for row in rows], np.float64),
        images=images,
    )


def _picture(value: Any, name: str) -> np.ndarray:
    data = value.get('bytes') if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise DataError(f'{name} has a picture that is not in the parquet file')
    return decode_picture(data)


def _info(folder: Path) -> dict[str, Any]:
    try:
        info = json.loads((folder / 'meta' / 'info.json').read_text())
        version, features = info['codebase_version'], dict(info['features'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f'{folder} is no LeRobot dataset: meta/info.json: {error!r}') from error
    if version not in VERSIONS:
        raise DataError(f'{folder} is of LeRobot {version}; read are {", ".join(VERSIONS)}')
    return {**info, 'features': features}


def _cameras(features: dict[str, Any], settings: ImportSettings, folder: Path) -> dict[str, str]:
    """Our camera -> column."""
    kinds = {key: str(value.get('dtype')) for key, value in features.items()}
    pictures = [key for key, kind in kinds.items() if kind == 'image']
    if not pictures:
        videos = 'only videos' if 'video' in kinds.values() else 'none'
        raise DataError(f'{folder} has no pictures in its parquet files ({videos})')
    for camera, key in settings.cameras:
        if key not in pictures:
            raise DataError(f"{folder} has no pictures '{key}' for {camera}, only {pictures}")
    if settings.cameras:
        return dict(settings.cameras)
    wrist = [key for key in pictures if any(part in key for part in _OF_WRIST)]
    other = [key for key in pictures if key not in wrist]
    if len(wrist) != 1 or not other:
        raise DataError(
            f'which of {pictures} is which camera? say it with --cameras '
            f'{AGENTVIEW}=...,{WRIST}=...'
        )
    return {AGENTVIEW: other[0], WRIST: wrist[0]}


def _tasks(folder: Path) -> dict[int, str]:
    meta = folder / 'meta'
    try:
        if (meta / 'tasks.parquet').exists():
            rows = _parquet().read_table(meta / 'tasks.parquet').to_pylist()
            return {
                row['task_index']: row.get('task', row.get('__index_level_0__')) for row in rows
            }
        lines = (meta / 'tasks.jsonl').read_text().splitlines()
        return {row['task_index']: row['task'] for row in map(json.loads, lines)}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f'{folder} has no readable list of tasks: {error}') from error


def _first(names: tuple[str, ...], features: dict[str, Any], folder: Path) -> str:
    for name in names:
        if name in features:
            return name
    raise DataError(f'{folder} has none of the columns {", ".join(names)}')


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise DependencyError(
            'LeRobot datasets need the library pyarrow: pip install pyarrow'
        ) from error
    return pyarrow.parquet
