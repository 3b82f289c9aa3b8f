# SPDX-License-Identifier: Apache-2.0
"""A key that asks the robot controller to stop the arm. A convenience, never a stop button."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from frs_ros.nodes import topics

KEY = 'h'
HELP = f'{KEY.upper()}      ask the controller to stop the arm (no stop button: it is software)'


class HoldKey:
    """Calls the service `hold` of the controller.

    Args:
        node: Who calls.
        say: Shows a line to the operator.
    """

    def __init__(self, node: Node, say: Callable[[str], None]) -> None:
        self._say = say
        self._client = node.create_client(Trigger, topics.HOLD)

    def press(self, key: str) -> None:
        """Asks, if it is the key; the answer is shown when it comes."""
        if key.lower() != KEY:
            return
        if not self._client.service_is_ready():
            self._say(f'nobody offers {self._client.srv_name}: there is no controller to ask')
            return
        self._client.call_async(Trigger.Request()).add_done_callback(self._on_answer)

    def _on_answer(self, future: Future) -> None:
        answer = future.result()
        self._say(f'hold: {answer.message or ("done" if answer.success else "refused")}')
