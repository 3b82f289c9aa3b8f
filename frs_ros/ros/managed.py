# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes: transitions that say what went wrong, and a start without a manager."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from frs_ros.errors import FrsError
from frs_ros.ros.diagnostics import Diagnostics


class ManagedNode(LifecycleNode):
    """A lifecycle node (https://design.ros2.org/articles/node_lifecycle.html).

    Subclasses override `configure`, `activate`, `deactivate` and `cleanup`. One that fails with an
    FrsError leaves the state as it was; its line goes to /diagnostics, or is raised where the node
    starts itself. Any other exception is an error of the program: the node is cleaned up.

    Attributes:
        diagnostics: Of the node.
    """

    def __init__(self, name: str) -> None:
        self._reported: set[tuple[str, str, int]] = set()
        super().__init__(name, automatically_declare_parameters_from_overrides=True)
        self.diagnostics = Diagnostics(self)
        self._by_itself = False
        self._problem: Exception | None = None
        for service in self.services:
            if service.srv_type is ChangeState:
                service.callback = functools.partial(self._on_change_state, service.callback)

    def start_by_itself(self) -> None:
        """Configures and activates; raises what went wrong."""
        self._by_itself = True
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() is not TransitionCallbackReturn.SUCCESS:
                raise self._problem or RuntimeError('the node could not be started')
        self._by_itself = False

    def report_error(self, error: Exception) -> None:
        """Logs an error of the program with its traceback, once for each place it comes from."""
        frames = traceback.extract_tb(error.__traceback__)
        place = (frames[-1].filename, frames[-1].lineno or 0) if frames else ('', 0)
        key = (type(error).__name__, *place)
        if key not in self._reported:
            self._reported.add(key)
            text = ''.join(traceback.format_exception(error))
            self.get_logger().error(text.encode(errors='replace').decode())

    def configure(self) -> None:
        """From unconfigured to inactive."""

    def activate(self) -> None:
        """From inactive to active."""

    def deactivate(self) -> None:
        """From active to inactive."""

    def cleanup(self) -> None:
        """From inactive to unconfigured, and from any state to the end."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy."""
        return self._transition(self.configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy."""
        return self._transition(self.activate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy."""
        return self._transition(self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy."""
        return self._transition(self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy."""
        return self._transition(self.cleanup)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Of rclpy: leaves nothing running; the node is then unconfigured, or at its end."""
        try:
            self.cleanup()
        except Exception as error:
            line = f'cleaning up: {type(error).__name__}: {error}'
            self.diagnostics.report('lifecycle', line, error=True)
            return TransitionCallbackReturn.ERROR
        return TransitionCallbackReturn.SUCCESS

    def _on_change_state(self, serve: Callable[..., Any], request: Any, response: Any) -> Any:
        """Refuses what is no transition of the present state: rclpy of Jazzy raises there."""
        try:
            return serve(request, response)
        except RuntimeError as error:  # not of our own transitions: these keep their exceptions
            self.get_logger().error(f'lifecycle: {error}')
            response.success = False
            return response

    def _transition(self, change: Callable[[], None]) -> TransitionCallbackReturn:
        """Keeps and tells what goes wrong: rclpy drops exceptions of these callbacks."""
        try:
            change()
        except Exception as error:
            self._problem = error
            expected = isinstance(error, FrsError)
            if not expected and not self._by_itself:
                self.report_error(error)
            line = str(error) if expected else f'{type(error).__name__}: {error}'
            if not self._by_itself:
                self.diagnostics.report('lifecycle', line, error=True)
            kind = TransitionCallbackReturn
            return kind.FAILURE if expected else kind.ERROR
        self.diagnostics.clear('lifecycle')
        return TransitionCallbackReturn.SUCCESS
