# SPDX-License-Identifier: Apache-2.0
"""A node in this process that listens from a thread and a ROS context of its own."""

from __future__ import annotations

import threading
from typing import TypeVar

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

Self = TypeVar('Self', bound='Listener')


class Listener:
    """Use as a context manager around what is to be heard; subclasses say what that is."""

    def __init__(self, name: str, domain: int) -> None:
        """Prepares; `name` is the node's, `domain` the ROS domain."""
        self._name, self._domain = name, domain
        self._context = rclpy.Context()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self: Self) -> Self:
        rclpy.init(context=self._context, domain_id=self._domain)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._node = Node(self._name, context=self._context)
        self._executor.add_node(self._node)
        self._subscribe_all(self._node)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _subscribe_all(self, node: Node) -> None:
        """Makes the node's subscriptions."""
        raise NotImplementedError

    def _serve(self) -> None:
        """Serves callbacks until the context is left; runs in the thread."""
        while not self._end.is_set():
            self._executor.spin_once(timeout_sec=0.1)
