# SPDX-License-Identifier: Apache-2.0
"""State of an interrupted training on disk: one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from frs_ros.documents import parse_json
from frs_ros.errors import CheckpointError
from frs_ros.files import write_atomically

_SLOTS = ('step', 'exp_avg', 'exp_avg_sq')  # of AdamW


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    state = optimizer.state_dict()['state']
    return {
        f'optimizer.{i}.{slot}': torch.as_tensor(values[slot]).clone()
        for i, values in state.items()
        for slot in _SLOTS
    }


def save_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizer: Optimizer,
    progress: Mapping[str, Any],
) -> None:
    """Writes everything a resumed run needs.

    Args:
        path: File to replace.
        modules: Networks by name.
        optimizer: AdamW.
        progress: Stage, step, settings, history; JSON types.
    """
    tensors = _optimizer_tensors(optimizer)
    for name, module in modules.items():
        tensors |= {f'{name}.{k}': v for k, v in module.state_dict().items()}
    write_atomically(path, save(tensors, metadata={'progress': json.dumps(dict(progress))}))


def read_progress(path: Path) -> dict[str, Any]:
    """The `progress` of `save_state`; CheckpointError if missing or truncated."""
    if not path.is_file():
        raise CheckpointError(f'nothing to resume: {path} does not exist')
    try:
        with safe_open(path, framework='pt') as file:
            text = file.metadata()['progress']
        return dict(parse_json(text, str(path), CheckpointError))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as e:
        raise CheckpointError(f'{path} is not a readable training state: {e}') from e


def restore_state(path: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer) -> None:
    """Loads what `save_state` wrote into modules and optimizer.

    Raises:
        CheckpointError: If it does not fit them.
    """
    try:
        with safe_open(path, framework='pt') as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, module in modules.items():
            prefix = f'{name}.'
            module.load_state_dict(
                {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            )
        description = optimizer.state_dict()
        count = sum(len(group['params']) for group in description['param_groups'])
        stored = any(k.startswith('optimizer.') for k in tensors)
        description['state'] = (
            {i: {slot: tensors[f'optimizer.{i}.{slot}'] for slot in _SLOTS} for i in range(count)}
            if stored
            else {}
        )
        optimizer.load_state_dict(description)
    except (SafetensorError, OSError, KeyError, RuntimeError, TypeError, ValueError) as e:
        raise CheckpointError(f'training state {path} does not fit: {e}') from e
