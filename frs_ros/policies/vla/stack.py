# SPDX-License-Identifier: Apache-2.0
"""What a stack hands over once it has loaded a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frs_ros.types import CameraSpec, Observation


@dataclass(frozen=True)
class Stack:
    """A loaded model and the way in that its own library uses.

    Attributes:
        name: For messages.
        core: The network; has `denoise_step`.
        start: Begins to sample a chunk for an observation, preprocessing included.
        horizon: H of the core.
        model_dim: D of the core.
        steps: Euler steps of the checkpoint's sampler.
        cameras: Our cameras in the sizes that the checkpoint was trained with.
        device: Where the core lives, as torch spells it.
        epsilon: What the stack adds to a range or deviation when it normalises.
    """

    name: str
    core: Any
    start: Callable[[Observation], object]
    horizon: int
    model_dim: int
    steps: int
    cameras: tuple[CameraSpec, ...]
    device: str
    epsilon: float


def one_line(error: BaseException) -> str:
    """Kind and beginning of a message of another library, which may fill a screen."""
    return ' '.join(f'{type(error).__name__}: {error}'.split())[:300]


def without_compiled_sampler(core: Any) -> Any:
    """Both libraries may put a compiled `sample_actions` before the method; the method is back.

    A sampler that is one compiled graph cannot be stopped at its first step.
    """
    vars(core).pop('sample_actions', None)
    return core
