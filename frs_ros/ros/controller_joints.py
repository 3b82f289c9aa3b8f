# SPDX-License-Identifier: Apache-2.0
"""The joints of a controller of ros2_control, from its parameter `joints`."""

from __future__ import annotations

import time

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node

from frs_ros.ros.polled import PolledCall

PATIENCE = 1.0  # s for an answer; whoever gives none is no controller of ros2_control


class ControllerJoints:
    """Asks the controllers that listen, whenever others listen than before."""

    def __init__(self, node: Node) -> None:
        """Asks nobody yet."""
        self._node = node
        self._calls: dict[str, PolledCall] = {}
        self._answers: dict[str, tuple[str, ...] | None] = {}

    def ask(self, controllers: set[str]) -> None:
        """Who listens now, by full node names; those that are new are asked."""
        for gone in set(self._answers) - controllers:
            self._answers.pop(gone)
            self._end(gone)
        for name in controllers - set(self._answers):
            request = GetParameters.Request(names=['joints'])
            service = f'{name}/get_parameters'
            try:
                self._calls[name] = PolledCall(self._node, GetParameters, service, request)
                self._answers[name] = ()
            except RuntimeError:  # rclpy's RCLError, such as where security forbids to ask
                self._answers[name] = None

    def answer(self) -> tuple[str, ...] | None:
        """See `Transport.controller_joints`; of several controllers, the first that says."""
        for name, call in list(self._calls.items()):
            response = call.answer()
            if response is not None:
                self._answers[name] = _names(response)
                self._end(name)
            elif time.monotonic() - call.begun > PATIENCE:
                self._answers[name] = None
                self._end(name)
        if self._calls:
            return ()
        said = [names for names in self._answers.values() if names]
        return said[0] if said else None

    def close(self) -> None:
        """Ends all calls."""
        self.ask(set())

    def _end(self, name: str) -> None:
        call = self._calls.pop(name, None)
        if call is not None:
            call.close()


def _names(response: GetParameters.Response) -> tuple[str, ...] | None:
    """None if there is no such parameter, or it is no list of texts."""
    for value in response.values:
        if value.type == ParameterType.PARAMETER_STRING_ARRAY:
            return tuple(value.string_array_value)
    return None
