# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes whose transitions fail."""

from __future__ import annotations

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn

from frs_ros.errors import ConfigError
from frs_ros.ros.managed import ManagedNode


class Fragile(ManagedNode):
    """Fails where it is told to; `running` is what must not be left behind."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__('fragile')
        self.error, self.running, self.cleaned = error, False, 0

    def configure(self) -> None:
        self.running = False

    def activate(self) -> None:
        self.running = True
        if self.error is not None:
            raise self.error

    def cleanup(self) -> None:
        self.running, self.cleaned = False, self.cleaned + 1


@pytest.fixture
def fragile(ros_domain):
    rclpy.init(domain_id=ros_domain)
    made = []

    def make(error):
        made.append(Fragile(error))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    rclpy.shutdown()


def test_unexpected_error_leaves_nothing_running(fragile):
    node = fragile(RuntimeError('a bug'))
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() is TransitionCallbackReturn.ERROR
    assert (node.running, node.cleaned) == (False, 1)
    node.error = None
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS  # from the start again
    assert node.trigger_activate() is TransitionCallbackReturn.SUCCESS


def test_start_by_itself_raises_what_went_wrong(fragile):
    with pytest.raises(ConfigError, match='no such robot'):
        fragile(ConfigError('no such robot')).start_by_itself()
