# SPDX-License-Identifier: Apache-2.0
"""Calls into a library that may never return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar('T')


def within(
    seconds: float, call: Callable[[], T], late: Callable[[T], Any] = lambda result: None
) -> T:
    """Returns what `call` returns, or raises what it raises.

    It runs in a daemon thread of its own, which is left to itself when the time is over: nothing
    can end a call in a C++ library.

    Args:
        seconds: Time limit.
        call: Blocking call.
        late: Gets the result if it comes after the time limit, such as a connection that nobody
            wants any more.

    Raises:
        TimeoutError: It has not returned in time.
    """
    attempt = _Attempt(call, late)
    threading.Thread(target=attempt.run, name='bounded_call', daemon=True).start()
    return attempt.result(seconds)


class _Attempt(Generic[T]):
    def __init__(self, call: Callable[[], T], late: Callable[[T], Any]) -> None:
        self._call = call
        self._late = late
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._abandoned = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            result = self._call()
        except BaseException as error:
            self._error = error
        else:
            with self._lock:
                if self._abandoned:
                    self._late(result)
                    return
                self._results.append(result)
        self._done.set()

    def result(self, seconds: float) -> T:
        self._done.wait(seconds)
        with self._lock:
            if self._results:
                return self._results.pop()
            self._abandoned = True
        if self._error is not None:
            raise self._error
        raise TimeoutError
