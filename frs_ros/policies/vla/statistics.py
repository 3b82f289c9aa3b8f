# SPDX-License-Identifier: Apache-2.0
"""The statistics of actions that openpi and LeRobot save beside their weights. Without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from frs_ros.errors import CheckpointError, DependencyError

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
    try:
        data = json.loads(path.read_text())
        features = data.get('norm_stats', data)
        return {
            f'{feature}.{name}': _numbers(values)
            for feature, statistics in features.items()
            if isinstance(statistics, Mapping)
            for name, values in statistics.items()
            if values is not None
        }
    except OSError as error:
        raise CheckpointError(f'no statistics at {path}: {error.strerror}') from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f'{path} is not a file of statistics: {error}') from error


def _numbers(values: Any) -> np.ndarray:
    return np.atleast_1d(np.asarray(values, dtype=np.float64))


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ModuleNotFoundError as error:
        raise DependencyError(
            'statistics in .safetensors need safetensors; pip install safetensors'
        ) from error
    try:
        return {name: _numbers(values) for name, values in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f'no statistics at {path}: {error}') from error
