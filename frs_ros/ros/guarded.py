# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes that no exception in a callback can end: those that command a machine."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Timer

from frs_ros.ros.managed import ManagedNode


class GuardedNode(ManagedNode):
    """Every callback of the node, those of rclpy's own services included, goes through one guard.

    An exception there goes to `on_crash` and once to the log, and the node lives on.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        for service in self._lifecycle_services():
            service.callback = self._guarded(service.callback, _unanswered)

    def on_crash(self, error: Exception) -> None:
        """A callback has raised; subclasses bring to rest whatever they move."""

    def create_timer(self, timer_period_sec: float, callback: Any, *args: Any, **kw: Any) -> Timer:
        """As of rclpy, guarded."""
        return super().create_timer(timer_period_sec, self._guarded(callback), *args, **kw)

    def create_subscription(
        self, msg_type: Any, topic: str, callback: Any, *args: Any, **kw: Any
    ) -> Subscription:
        """As of rclpy, guarded."""
        return super().create_subscription(msg_type, topic, self._guarded(callback), *args, **kw)

    def create_service(
        self, srv_type: Any, srv_name: str, callback: Any, *args: Any, **kw: Any
    ) -> Service:
        """As of rclpy, guarded: a callback that raises answers with an empty response."""
        guarded = self._guarded(callback, _unanswered)
        return super().create_service(srv_type, srv_name, guarded, *args, **kw)

    def _guarded(
        self, callback: Callable[..., Any], failed: Callable[..., Any] = lambda *args: None
    ) -> Callable[..., Any]:
        """The callback, whose exceptions end here; `failed` makes the result then."""

        @functools.wraps(callback)
        def call(*args: Any) -> Any:
            try:
                return callback(*args)
            except Exception as error:
                if self.context.ok():  # else the node is told to end, and what it needs is gone
                    self._crashed(error)
                return failed(*args)

        # rclpy looks at it, for a timer at every call
        call.__signature__ = inspect.signature(callback)  # type: ignore[attr-defined]
        return call

    def _lifecycle_services(self) -> list[Service]:
        """Those that rclpy makes without `create_service`."""
        return [s for s in self.services if not hasattr(s.callback, '__signature__')]

    def _crashed(self, error: Exception) -> None:
        try:
            self.on_crash(error)
        except Exception as another:
            self.report_error(another)
        self.report_error(error)


def _unanswered(request: Any, response: Any) -> Any:
    """The response of a service that has failed."""
    empty = type(response)()
    if hasattr(empty, 'message'):
        empty.message = 'failed by an error of the program, see the log of the node'
    return empty
