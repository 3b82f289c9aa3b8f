# SPDX-License-Identifier: Apache-2.0
"""The statistics of actions that openpi and LeRobot save beside their weights. Without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.documents import read_json
from frs_ros.errors import CheckpointError, DependencyError
from frs_ros.text import one_line, shown

MOST = 10_000  # numbers of a statistic
ACTIONS = ('actions', 'action')  # openpi's name, LeRobot's name


def action_statistics(path: Path) -> dict[str, np.ndarray]:
    """Name of the statistic (q01, q99, mean, std, min, max) -> numbers per action dimension.

    Args:
        path: openpi's norm_stats.json, LeRobot's state of a (un)normalizer step (.safetensors) or
            the meta/stats.json of a LeRobot dataset.

    Raises:
        CheckpointError: The file is missing, unreadable or holds no statistics of actions.
    """
    flat = _safetensors(path) if path.suffix == '.safetensors' else _json(path)
    found = {
        statistic: values
        for name, values in flat.items()
        for feature, _, statistic in [name.rpartition('.')]
        if feature in ACTIONS
    }
    if not found:
        raise CheckpointError(f'{path} holds no statistics of actions')
    return found


def _json(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise CheckpointError(f'no statistics at {path}: No such file')
    try:
        data = read_json(path, CheckpointError)
    except CheckpointError as error:
        raise CheckpointError(f'{path} is not a file of statistics: {error}') from error
    features = data.get('norm_stats', data) if isinstance(data, Mapping) else data
    if not isinstance(features, Mapping):
        raise CheckpointError(f'{path} is not a file of statistics: no object of features')
    _check_not_nested(path, features)
    try:
        return {
            f'{feature}.{name}': _numbers(values)
            for feature, statistics in features.items()
            if isinstance(statistics, Mapping)
            for name, values in statistics.items()
            if values is not None
        }
    except (ValueError, TypeError) as error:
        raise CheckpointError(f'{path} is not a file of statistics: {one_line(error)}') from error


def _check_not_nested(path: Path, features: Mapping[str, Any]) -> None:
    """CheckpointError if there are statistics of several robots, each under a name."""
    nested = [
        name
        for name, inner in features.items()
        if isinstance(inner, Mapping) and any(isinstance(inner.get(a), Mapping) for a in ACTIONS)
    ]
    if nested and not any(action in features for action in ACTIONS):
        names = ', '.join(shown(name) for name in nested[:5])
        raise CheckpointError(
            f"{path}: no key 'actions' in 'norm_stats'; there are statistics under {names}: put "
            'those of one robot alone into a file {"norm_stats": {"actions": ...}} and name that'
        )


def _numbers(values: Any) -> np.ndarray:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError as error:
        raise DependencyError(
            'statistics in .safetensors need safetensors; pip install safetensors'
        ) from error
    try:
        with safe_open(path, framework='numpy') as file:
            names = [name for name in file.keys() if name.split('.')[0] in ACTIONS]  # noqa: SIM118
            for name in names:
                if math.prod(file.get_slice(name).get_shape()) > MOST:
                    raise CheckpointError(f'{path}: {one_line(name, 100)} has too many numbers')
            return {name: _numbers(file.get_tensor(name)) for name in names}
    # types that numpy does not know end in any of the latter
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f'no statistics at {path}: {one_line(error)}') from error
