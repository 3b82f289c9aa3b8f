# SPDX-License-Identifier: Apache-2.0
"""Weights in safetensors files, which are checked before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from frs_ros.errors import CheckpointError


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, in float32; CheckpointError if it is truncated or something else."""
    try:
        return {name: value.float() for name, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f'{path} is truncated or not a safetensors file: {error}') from error


def check_weights(path: Path, weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """CheckpointError unless names and shapes agree and all numbers are finite."""
    if strange := sorted(weights.keys() ^ wanted.keys()):
        raise CheckpointError(f'{path} does not fit: missing or unknown tensor {strange[0]}')
    for name, value in weights.items():
        if value.shape != wanted[name].shape:
            raise CheckpointError(
                f'{path} does not fit: {name} has shape {list(value.shape)}, '
                f'expected {list(wanted[name].shape)}'
            )
        if not torch.isfinite(value).all():
            raise CheckpointError(f'{path} is damaged: {name} holds numbers that are not finite')
