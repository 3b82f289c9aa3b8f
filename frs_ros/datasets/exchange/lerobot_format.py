# SPDX-License-Identifier: Apache-2.0
"""Files of a LeRobot dataset, format v3.0, images in parquet.

Layout and names: https://github.com/huggingface/lerobot, src/lerobot/datasets (utils.py,
dataset_metadata.py, dataset_writer.py). Only pyarrow is needed, not LeRobot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.errors import DependencyError
from frs_ros.files import replacing, write_atomically

VERSION = 'v3.0'
CHUNK_FILES = 1000  # files per folder
DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
EPISODES_PATH = 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
DEFAULT_FEATURES: dict[str, dict[str, Any]] = {
    'timestamp': {'dtype': 'float32', 'shape': [1], 'names': None},
    'frame_index': {'dtype': 'int64', 'shape': [1], 'names': None},
    'episode_index': {'dtype': 'int64', 'shape': [1], 'names': None},
    'index': {'dtype': 'int64', 'shape': [1], 'names': None},
    'task_index': {'dtype': 'int64', 'shape': [1], 'names': None},
}
_QUANTILES = {'q01': 0.01, 'q10': 0.1, 'q50': 0.5, 'q90': 0.9, 'q99': 0.99}


def arrow() -> Any:
    """The library pyarrow with its parquet part; DependencyError if it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise DependencyError(
            'LeRobot datasets need the library pyarrow: pip install pyarrow'
        ) from error
    return pyarrow


def file_place(number: int) -> dict[str, int]:
    """Folder and file of the data of an episode: each has a file of its own."""
    return {'chunk_index': number // CHUNK_FILES, 'file_index': number % CHUNK_FILES}


def data_table(columns: Mapping[str, Sequence[Any]], features: Mapping[str, Any]) -> Any:
    """Rows of one episode as parquet holds them."""
    pa = arrow()
    image = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    arrays, fields = [], []
    for name, feature in features.items():
        if feature['dtype'] == 'image':
            kind = image
        else:
            base = pa.bool_() if feature['dtype'] == 'bool' else getattr(pa, feature['dtype'])()
            size = feature['shape'][0]
            kind = base if size == 1 else pa.list_(base, size)
        arrays.append(pa.array(list(columns[name]), kind))
        fields.append(pa.field(name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def statistics(values: np.ndarray) -> dict[str, list[Any]]:
    """Statistics of numbers [N, k], or of images [N, h, w, 3] uint8 per channel in [0, 1]."""
    values = np.asarray(values)
    count = len(values)
    images = values.ndim == 4
    rows = values.reshape(-1, values.shape[-1]) / 255.0 if images else values.astype(np.float64)
    finite = rows[np.isfinite(rows).all(1)]  # noise may be missing
    rows = finite if len(finite) else np.zeros((1, rows.shape[1]))
    found = {
        'min': rows.min(0),
        'max': rows.max(0),
        'mean': rows.mean(0),
        'std': rows.std(0),
        **{name: np.quantile(rows, share, axis=0) for name, share in _QUANTILES.items()},
    }
    shape = (-1, 1, 1) if images else (-1,)
    return {k: v.reshape(shape).tolist() for k, v in found.items()} | {'count': [count]}


def write_tasks(folder: Path, tasks: Sequence[str]) -> None:
    """meta/tasks.parquet: a table whose index, as pandas means it, is the task in words."""
    pa = arrow()
    about = {
        'index_columns': ['task'],
        'column_indexes': [_pandas_column(None, 'unicode', 'object')],
        'columns': [
            _pandas_column('task_index', 'int64', 'int64'),
            _pandas_column('task', 'unicode', 'object'),
        ],
        'creator': {'library': 'pyarrow', 'version': pa.__version__},
        'pandas_version': '2.0.0',
    }
    table = pa.table(
        {'task_index': pa.array(range(len(tasks)), pa.int64()), 'task': pa.array(tasks)}
    )
    table = table.replace_schema_metadata({'pandas': json.dumps(about)})
    _write(table, folder / 'meta' / 'tasks.parquet')


def write_episodes(folder: Path, episodes: Sequence[Mapping[str, Any]]) -> None:
    """meta/episodes: one row per episode."""
    pa = arrow()
    place = file_place(0)
    rows = [
        {**row, **{f'meta/episodes/{key}': value for key, value in place.items()}}
        for row in episodes
    ]
    _write(pa.Table.from_pylist(rows), folder / EPISODES_PATH.format(**place))


def write_data(folder: Path, number: int, table: Any) -> None:
    """Rows of an episode."""
    _write(table, folder / DATA_PATH.format(**file_place(number)))


def write_meta(
    folder: Path,
    info: Mapping[str, Any],
    stats: Mapping[str, Mapping[str, Any]],
) -> None:
    """meta/stats.json, then meta/info.json: with it the folder becomes a dataset."""
    meta = folder / 'meta'
    write_atomically(meta / 'stats.json', json.dumps(stats, indent=4) + '\n')
    write_atomically(meta / 'info.json', json.dumps(info, indent=4) + '\n')


def _pandas_column(name: str | None, kind: str, numpy_kind: str) -> dict[str, Any]:
    return {
        'name': name,
        'field_name': name,
        'pandas_type': kind,
        'numpy_type': numpy_kind,
        'metadata': {'encoding': 'UTF-8'} if name is None else None,
    }


def _write(table: Any, path: Path) -> None:
    with replacing(path) as temporary:
        arrow().parquet.write_table(table, temporary)
