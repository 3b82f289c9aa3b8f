# SPDX-License-Identifier: Apache-2.0
"""One optimiser step's gradient, computed by several threads with a share of the batch each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor, nn

N = TypeVar('N')
MAX_GRADIENT_NORM = 1.0


def set_gradients(
    parameters: Sequence[nn.Parameter],
    loss: Callable[[int], tuple[Tensor, N]],
    workers: int,
    pool: ThreadPoolExecutor,
) -> list[N]:
    """Sets the mean of the workers' gradients, clipped; the same on every run.

    The threads meet once per step and not in every operation, as torch's own do, and so lose
    little when other processes want the cores, too. Torch's own threads should be one then.

    Args:
        parameters: What is optimised.
        loss: Worker's number -> (loss of its share of the batch, anything to be told).
        workers: Number of shares.
        pool: With as many threads.

    Returns:
        What each worker told, in their order.
    """

    def differentiate(worker: int) -> tuple[tuple[Tensor, ...], N]:
        value, told = loss(worker)
        # a share may lack what a part of the network learns from
        gradients = torch.autograd.grad(
            value, parameters, allow_unused=True, materialize_grads=True
        )
        return gradients, told

    gradients, told = zip(*pool.map(differentiate, range(workers)), strict=True)
    for parameter, parts in zip(parameters, zip(*gradients, strict=True), strict=True):
        # contiguous like the parameter: fused AdamW pairs elements by memory, not by index
        parameter.grad = (sum(parts[1:], parts[0]) / workers).contiguous()
    torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
    return list(told)
