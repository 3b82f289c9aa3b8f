# SPDX-License-Identifier: Apache-2.0
"""A captured prefix: the same for every velocity, repeated for batches without copying."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from frs_ros.errors import CheckpointError

# Attributes of the caches of transformers that hold keys and values: lists of tensors before
# release 4.54, since then layers with one tensor each.
_CACHE = ('layers', 'key_cache', 'value_cache', 'keys', 'values')
_PLAIN = (bool, int, float, str, torch.dtype, torch.device)
_Map = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CapturedContext:
    """What `denoise_step` gets besides the point and the time, for one observation.

    Attributes:
        arguments: Name -> tensor [B, ...], key-value cache of such tensors or plain value.
        batch: B.
    """

    arguments: Mapping[str, Any]
    batch: int
    _state: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        arguments = {k: _mapped(v, _own) for k, v in self.arguments.items()}
        object.__setattr__(self, 'arguments', MappingProxyType(arguments))
        object.__setattr__(self, '_state', _state(arguments))

    def expand(self, n: int) -> CapturedContext:
        """The same observation for a batch of n; memory is shared.

        Raises:
            CheckpointError: It is a batch already, or holds a cache of an unknown kind.
        """
        if n == self.batch:
            return self
        if self.batch != 1:
            raise CheckpointError(f'a context of batch {self.batch} cannot become one of {n}')

        def repeat(tensor: Tensor) -> Tensor:
            return tensor.expand(n, *tensor.shape[1:]) if tensor.ndim else tensor

        return CapturedContext({k: _mapped(v, repeat) for k, v in self.arguments.items()}, n)

    def for_a_step(self) -> dict[str, Any]:
        """The arguments for one step, in containers of its own; the tensors are shared.

        A core may append to its cache and crop it in a step, as SmolVLA does since LeRobot 0.6:
        no other step sees it.
        """
        return {k: _mapped(v, _same) for k, v in self.arguments.items()}

    def check(self) -> None:
        """CheckpointError if a step has written into the prefix: it would answer differently."""
        if _state(self.arguments) != self._state:
            raise CheckpointError(
                'the core changed its cached prefix in a step, so steps depend on each other: '
                'this release of its library is not supported'
            )


def tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in arguments, dicts, sequences and key-value caches, in order."""
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _mapped(value, note)
    yield from found


def _mapped(value: Any, change: _Map) -> Any:
    """A copy of the structure with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {k: _mapped(v, change) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_mapped(v, change) for v in value])
    if value is None or isinstance(value, _PLAIN):
        return value
    held = [name for name in _CACHE if name in getattr(value, '__dict__', {})]
    if not held:
        raise CheckpointError(
            f'the core caches its prefix in a {type(value).__name__}, which frs_ros does not know'
        )
    twin = copy.copy(value)
    for name in held:
        setattr(twin, name, _mapped(getattr(value, name), change))
    return twin


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _own(tensor: Tensor) -> Tensor:
    """A tensor gradients can flow past: those made in inference mode are copied."""
    return tensor.clone() if tensor.is_inference() else tensor


def _state(arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """Changes when a tensor is written to, replaced or added; no data is read."""
    return tuple((t.data_ptr(), t.shape, _version(t)) for t in tensors(dict(arguments)))


def _version(tensor: Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version
