# SPDX-License-Identifier: Apache-2.0
"""A subscription whose owner takes the messages: what is not taken yet waits in the middleware.

rclpy's executor looks at every entity of the node for each message; taking all that has come in a
few rounds a second costs a third of that.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

Taken = tuple[bytes, Mapping[str, Any]]  # a message as serialised, and rclpy's info on it


class _Unattended(CallbackGroup):
    """Entities that no executor serves."""

    def can_execute(self, entity: Any) -> bool:
        """Never."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Never."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing."""


class PolledSubscription:
    """Hears a topic, raw.

    Args:
        node: Whose subscription it is.
        kind: Message class.
        topic: Its name.
        profile: What it asks of publishers, and how much may wait.
    """

    def __init__(self, node: Node, kind: Any, topic: str, profile: QoSProfile) -> None:
        self._reliability, self._durability = profile.reliability, profile.durability
        self._node = node
        self._subscription = node.create_subscription(
            kind, topic, _never, profile, callback_group=_Unattended(), raw=True
        )

    def hears(self, offered: QoSProfile) -> bool:
        """Whether publishers that offer this reach it: it must not ask for more."""
        reliable = offered.reliability == ReliabilityPolicy.RELIABLE
        latched = offered.durability == DurabilityPolicy.TRANSIENT_LOCAL
        return (reliable or self._reliability != ReliabilityPolicy.RELIABLE) and (
            latched or self._durability != DurabilityPolicy.TRANSIENT_LOCAL
        )

    def take(self) -> Taken | None:
        """The next message, None if there is none."""
        with self._subscription.handle:
            taken = self._subscription.handle.take_message(self._subscription.msg_type, True)
        return None if taken is None else (bytes(taken[0]), taken[1])

    def close(self) -> None:
        """Ends it."""
        self._node.destroy_subscription(self._subscription)


class PolledCall:
    """Asks a service once; its owner looks for the answer.

    Args:
        node: Whose client it is.
        kind: Service class.
        service: Its name.
        request: What is asked.
    """

    def __init__(self, node: Node, kind: Any, service: str, request: Any) -> None:
        self._node, self._request = node, request
        self._client = node.create_client(kind, service, callback_group=_Unattended())
        self._asked = False
        self.begun = time.monotonic()

    def answer(self) -> Any:
        """The response, None until it has come."""
        if not self._asked:
            self._asked = self._client.service_is_ready()
            if self._asked:
                self._client.call_async(self._request)
            return None
        with self._client.handle:
            taken = self._client.handle.take_response(self._client.srv_type.Response)
        return taken[1] if taken is not None and taken[0] is not None else None

    def close(self) -> None:
        """Ends it."""
        self._node.destroy_client(self._client)


def take_waiting(subscription: Subscription) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Messages of an ordinary subscription that wait for its node's executor, and rclpy's infos.

    For a node that is busy with something else when they come; the executor then finds none.
    """
    while True:
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, False)
        if taken is None:
            return
        yield taken


def received_ns(info: Mapping[str, Any]) -> int:
    """When a message reached this computer, on its system clock; now if that is not known."""
    return int(info.get('received_timestamp') or 0) or time.time_ns()


def keeping_all(like: QoSProfile) -> QoSProfile:
    """Reliability and durability of a profile, and room for all messages.

    When even that is full, a reliable publisher that keeps all, or waits for acknowledgements,
    waits as well.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_ALL, reliability=like.reliability, durability=like.durability
    )


RELIABLE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
RELIABLE_LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)


def _never(_: Any) -> None:
    raise AssertionError('no executor serves this subscription')
