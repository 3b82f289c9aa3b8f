# SPDX-License-Identifier: Apache-2.0
"""Weights in safetensors files, which are checked before memory is taken for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from frs_ros.errors import CheckpointError
from frs_ros.text import one_line, shown

DTYPES = ('F16', 'BF16', 'F32', 'F64')
LARGEST = 4 << 30  # bytes; ours have some MB

N = TypeVar('N', bound=nn.Module)


def load_network(path: Path, make: Callable[[], N]) -> N:
    """A network with the weights of a file.

    Sizes come from a description that anybody may have written: the network is made without
    memory first, and its tensors are compared with the header of the file, which cannot be larger
    than the file.

    Args:
        path: Of the weights.
        make: Makes the network, untrained.

    Raises:
        CheckpointError: The file is truncated or something else, a name, shape or type differs, or
            a number is not finite.
    """
    with torch.device('meta'):
        wanted = make().state_dict()
    weights = _read(path, {name: list(value.shape) for name, value in wanted.items()})
    with torch.random.fork_rng(devices=[]):  # initial weights are overwritten below
        network = make()
    network.load_state_dict(weights)
    return network


def _read(path: Path, wanted: dict[str, list[int]]) -> dict[str, Tensor]:
    """The tensors in float32."""
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f'{path} is larger than {LARGEST >> 30} GiB, no weights of ours')
        with safe_open(path, framework='pt') as file:
            names = set(file.keys())
            if strange := sorted(names ^ wanted.keys()):
                raise CheckpointError(
                    f'{path} does not fit: missing or unknown tensor {one_line(strange[0], 100)}'
                )
            for name, shape in wanted.items():
                _check_header(path, name, file.get_slice(name), shape)
            weights = {name: file.get_tensor(name).float() for name in wanted}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f'{path} is truncated or not a safetensors file: {one_line(error)}'
        ) from error
    for name, value in weights.items():
        if not torch.isfinite(value).all():
            raise CheckpointError(f'{path} is damaged: {name} holds numbers that are not finite')
    return weights


def _check_header(path: Path, name: str, said: Any, shape: list[int]) -> None:
    if list(said.get_shape()) != shape:
        raise CheckpointError(
            f'{path} does not fit: {name} has shape {shown(said.get_shape())}, expected {shape}'
        )
    if said.get_dtype() not in DTYPES:
        raise CheckpointError(
            f'{path} does not fit: {name} is of type {said.get_dtype()}, expected one of '
            f'{", ".join(DTYPES)}'
        )
