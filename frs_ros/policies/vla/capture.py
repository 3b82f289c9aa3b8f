# SPDX-License-Identifier: Apache-2.0
"""What a core's sampler hands to `denoise_step`, caught on its first call.

openpi's and LeRobot's samplers encode the observation, then call `core.denoise_step(...)` once per
Euler step with the same prefix. We let them begin, take the arguments of the first call and stop
them: so their own preprocessing, tokenisers and normalisation are used, and the prefix is encoded
once. Neither library is imported; any object with such a method will do.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from frs_ros.errors import CheckpointError

STEP = 'denoise_step'
POINT, TIME = 'x_t', 'timestep'  # the arguments that change from step to step

_locks: WeakKeyDictionary[Any, threading.RLock] = WeakKeyDictionary()
_locks_guard = threading.Lock()


class _CapturedError(BaseException):
    """Unwinds the sampler; not an `Exception`, so that no handler on the way takes it."""


def step_of(core: Any) -> tuple[Callable[..., Any], inspect.Signature]:
    """The core's own step and its signature; CheckpointError if it is not of this lineage."""
    with _lock_of(core):  # not while a capture stands before the method
        step = getattr(core, STEP, None)
    if not callable(step):
        raise CheckpointError(
            f'{type(core).__name__} has no method {STEP}: it is not a PyTorch core of openpi or '
            'LeRobot (pi0, pi0.5, SmolVLA)'
        )
    signature = inspect.signature(step)
    if missing := [name for name in (POINT, TIME) if name not in signature.parameters]:
        raise CheckpointError(
            f'{type(core).__name__}.{STEP}{signature} lacks {" and ".join(missing)}: this release '
            'of its library is not supported'
        )
    return step, signature


def capture(core: Any, start: Callable[[], object]) -> dict[str, Any]:
    """Arguments by name of the first `core.denoise_step` that `start` leads to.

    One capture per core at a time; calls of the step from other threads meanwhile go through.
    Whatever happens, the core has its own method back afterwards.

    Args:
        core: Object whose method is watched.
        start: Calls the stack's own sampling entry point.

    Raises:
        CheckpointError: `start` came back without a step.
        Exception: What `start` raised.
    """
    thread, found = threading.get_ident(), dict[str, Any]()
    with _lock_of(core):
        step, signature = step_of(core)

        def record(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != thread:
                return step(*args, **kwargs)
            found.update(signature.bind(*args, **kwargs).arguments)
            raise _CapturedError

        vars(record)['__signature__'] = signature
        with _shadowed(core, STEP, record), contextlib.suppress(_CapturedError):
            start()
    if not found:
        raise CheckpointError(
            f'sampling from {type(core).__name__} never reached its {STEP}; is it compiled as a '
            'whole, or not the core of this policy?'
        )
    return found


@contextlib.contextmanager
def _shadowed(core: Any, name: str, value: Any) -> Iterator[None]:
    """The instance's attribute hides the method; what was there before comes back."""
    before = vars(core).get(name)
    setattr(core, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(core, name)
        else:
            setattr(core, name, before)


def _lock_of(core: Any) -> threading.RLock:
    with _locks_guard:
        return _locks.setdefault(core, threading.RLock())
