# SPDX-License-Identifier: Apache-2.0
"""The contract of a flow-matching policy: everything steering needs, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

import numpy as np

from frs_ros.types import ActionSpec, CameraSpec, Observation


@runtime_checkable
class Context(Protocol):
    """An encoded observation (for a VLA: the prefix and its KV cache), immutable once made."""

    def expand(self, n: int) -> Context:
        """The same observation for a batch of n, without encoding it again."""
        ...


@runtime_checkable
class FlowPolicy(Protocol):
    """A frozen flow-matching policy.

    Model space is the normalised, padded space [.., H, D] of the velocity field. `Array` stands
    for the policy's own array type (numpy array or torch tensor).

    Attributes:
        spec: Meaning of chunks.
        cameras: The images `encode` needs; other sizes are accepted and resampled.
    """

    spec: ActionSpec
    cameras: tuple[CameraSpec, ...]

    def encode(self, observation: Observation) -> Context:
        """Runs the prefix once. ConfigError if an image is missing or the state is misshapen."""
        ...

    def velocity(self, x: Any, t: Any, context: Context) -> Any:
        """dx/dt at x [B, H, D] and times t [B] in [0, 1] (0 noise, 1 action). Differentiable."""
        ...

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Any:
        """Units [.., H, A] -> Array in model space [.., H, D], padding zero."""
        ...

    def from_model(self, x: Any, observation: Observation) -> np.ndarray:
        """Model space [.., H, D] -> numpy float64 in units [.., H, A]."""
        ...

    def asarray(self, x: np.ndarray) -> Any:
        """Numpy -> Array of the policy's dtype and device."""
        ...

    def inference(self) -> AbstractContextManager[Any]:
        """Context in which no gradients are recorded; plans are made inside it."""
        ...


# What only some policies offer.


@runtime_checkable
class Identified(Protocol):
    """A policy that can be told from others, see `policies.identity`."""

    @property
    def identity(self) -> str:
        """16 hex digits, the same for the same policy on every machine."""
        ...


@runtime_checkable
class Instructed(Protocol):
    """A policy with a closed set of instructions."""

    def knows(self, instruction: str) -> bool:
        """Whether the instruction was trained; any other one counts as no instruction."""
        ...


@runtime_checkable
class Stacking(Protocol):
    """A policy that can look at several observations at once."""

    def stack(self, contexts: Sequence[Context]) -> Context:
        """Several encoded observations of batch size 1 as one context."""
        ...


def knows(policy: FlowPolicy, instruction: str) -> bool:
    """Whether the policy understands the instruction, as far as it can tell."""
    return not isinstance(policy, Instructed) or policy.knows(instruction)
