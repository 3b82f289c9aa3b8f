# SPDX-License-Identifier: Apache-2.0
"""The velocity step through torch's compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from frs_ros.errors import ConfigError
from frs_ros.policies.vla.rules import NONE
from frs_ros.policies.vla.stack import one_line

_COMPILER = ('torch._dynamo', 'torch._inductor')  # where its own errors are defined

Step = Callable[..., Tensor]


def compiler(mode: str) -> Callable[[Step], Step]:
    """What is done to a step.

    Args:
        mode: Of `torch.compile`; 'reduce-overhead' and 'max-autotune' make CUDA graphs. 'none'
            leaves it as it is.
    """
    if mode == NONE:
        return lambda step: step

    def compiled(step: Step) -> Step:
        # Each size of batch by itself: a graph for sizes in general is slower.
        inner = torch.compile(step, mode=mode, dynamic=False)

        def run(*args: Any, **kwargs: Any) -> Tensor:
            try:
                return inner(*args, **kwargs).clone()  # the next replay overwrites the graph's own
            except Exception as error:
                if not type(error).__module__.startswith(_COMPILER):
                    raise
                raise ConfigError(
                    "torch cannot compile the policy's step; it needs a C++ compiler and, on a "
                    f"GPU, Triton; or write 'compile: none': {one_line(error)}"
                ) from error

        return run

    return compiled
