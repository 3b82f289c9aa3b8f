# SPDX-License-Identifier: Apache-2.0
"""The few operations that let the same formulas run on numpy arrays and on torch tensors.

torch is never imported from here: whoever passes a tensor has imported it already. The standard
`__array_namespace__` is not used: neither torch nor the numpy 1.26 of ROS 2 Jazzy has it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(x: Any) -> Any:
    """The module with the functions for `x`: torch for a tensor, numpy for everything else."""
    torch = sys.modules.get('torch')
    if torch is not None and isinstance(x, torch.Tensor):
        return torch
    return np


def like(values: np.ndarray, x: Any) -> Any:
    """`values` as an array of the library, dtype and device of `x`."""
    if namespace(x) is np:
        return np.asarray(values, dtype=x.dtype)
    return sys.modules['torch'].as_tensor(values, dtype=x.dtype, device=x.device)


def filled(value: float, x: Any) -> Any:
    """[B] array full of `value`, with the batch size, dtype and device of `x` [B, ...]."""
    if namespace(x) is np:
        return np.full(x.shape[0], value, dtype=x.dtype)
    return x.new_full((x.shape[0],), value)  # made where it is needed: a copy to a GPU blocks


def to_numpy(x: Any) -> np.ndarray:
    """A float64 copy of `x` on the CPU; the original is never aliased."""
    if namespace(x) is np:
        return np.array(x, dtype=np.float64)
    return np.array(x.detach().cpu().double().numpy())


def embedded(part: Any, whole: Any, columns: np.ndarray) -> Any:
    """A copy of `whole` [1 or B, ..., D] for each of `part` [B, ..., d], with it in its columns.

    Args:
        part: What is put in.
        whole: Where; array of the same library.
        columns: [D] bool, d of them true.
    """
    shape = (*part.shape[:-1], whole.shape[-1])
    if namespace(part) is np:
        result = np.broadcast_to(whole, shape).copy()
    else:
        result = whole.expand(shape).clone()
    result[..., columns] = part
    return result


def finish() -> None:
    """Waits for what GPUs were told to do, if torch has used any: for clocks."""
    torch = sys.modules.get('torch')
    if torch is None or not torch.cuda.is_initialized():
        return
    for device in range(torch.cuda.device_count()):
        if torch.cuda.memory_reserved(device):  # waiting for an unused one would take memory there
            torch.cuda.synchronize(device)


def per_sample(values: Any, x: Any) -> Any:
    """[B] reshaped to [B, 1, ...] so that it broadcasts against `x` [B, ...]."""
    return values.reshape((-1,) + (1,) * (x.ndim - 1))


def rms(x: Any) -> Any:
    """[B] root mean square over everything but the batch of `x` [B, ...]."""
    return (x.reshape(x.shape[0], -1) ** 2).mean(-1) ** 0.5
