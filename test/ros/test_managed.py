# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes whose transitions fail, and whose callbacks raise."""

from __future__ import annotations

import pytest
import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from std_msgs.msg import String
from std_srvs.srv import Trigger

from frs_ros.errors import ConfigError, DataError
from frs_ros.ros.guarded import GuardedNode
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


class OfJazzy(ManagedNode):
    """The callback of rclpy raises for a transition that there is not, as that of Jazzy does."""

    def _LifecycleNodeMixin__on_change_state(self, request, response):
        raise RuntimeError('Transition is not registered.')


class Guarded(GuardedNode):
    """Raises in every kind of callback, and when it is told so."""

    def __init__(self) -> None:
        super().__init__('guarded')
        self.crashes: list[str] = []
        self.logged: list[str] = []
        self.get_logger = lambda: self
        self.create_timer(0.01, self._tick)
        self.create_subscription(String, 'words', self._hear, 10)
        self.create_service(Trigger, '~/ask', self._serve)

    def error(self, text: str) -> None:
        """Stands for the logger."""
        text.encode()
        self.logged.append(text)

    def on_crash(self, error: Exception) -> None:
        self.crashes.append(type(error).__name__)
        raise RuntimeError('cannot stop')

    def _tick(self) -> None:
        raise DataError('not finite')

    def _hear(self, msg, info) -> None:
        raise TypeError(f'{msg.data} {info["received_timestamp"]} \udcff')

    def _serve(self, request, response):
        response.success = True
        raise KeyError('k')


@pytest.fixture
def make(ros_domain):
    rclpy.init(domain_id=ros_domain)
    made = []

    def make(kind, *args):
        made.append(kind(*args))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    rclpy.shutdown()


@pytest.fixture
def fragile(make):
    return lambda error: make(Fragile, error)


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


def test_a_transition_that_there_is_not_is_refused_on_jazzy_too(make, wait_for):
    node, other = make(OfJazzy, 'managed'), make(rclpy.create_node, 'other')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(other)

    def until(condition, what):
        wait_for(condition, 10.0, what, step=lambda: executor.spin_once(timeout_sec=0.02))

    change = other.create_client(ChangeState, 'managed/change_state')
    until(change.service_is_ready, 'the transitions')
    request = ChangeState.Request()
    request.transition.id = 3  # activate, which only an inactive node can
    answer = change.call_async(request)
    until(answer.done, 'an answer')
    assert not answer.result().success
    executor.shutdown()


def test_no_callback_ends_the_node(make, wait_for):
    node, other = make(Guarded), make(rclpy.create_node, 'other')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(other)

    def until(condition, what):
        wait_for(condition, 10.0, what, step=lambda: executor.spin_once(timeout_sec=0.02))

    publisher = other.create_publisher(String, 'words', 10)
    until(publisher.get_subscription_count, 'the subscription')
    publisher.publish(String(data='nonsense'))
    until(lambda: 'TypeError' in node.crashes, 'the message')
    client = other.create_client(Trigger, 'guarded/ask')
    until(client.service_is_ready, 'the service')
    answer = client.call_async(Trigger.Request())
    until(answer.done, 'an answer')
    assert not answer.result().success
    assert 'see the log' in answer.result().message
    node.configure = lambda: 1 / 0
    change = other.create_client(ChangeState, 'guarded/change_state')
    until(change.service_is_ready, 'the transitions')
    request = ChangeState.Request()
    request.transition.id = 77  # there is no such transition
    until(change.call_async(request).done, 'an answer')
    request.transition.id = 1
    until(change.call_async(request).done, 'an answer')
    until(lambda: node.crashes.count('DataError') > 3, 'the timer that goes on')
    told = [text.split('\n')[-2] for text in node.logged if text.startswith('Traceback')]
    words = ('DataError: not finite', 'TypeError: nonsense', 'KeyError', 'cannot stop', 'ZeroDiv')
    for word in words:
        assert sum(word in text for text in told) == 1, word  # once, with its traceback
    executor.shutdown()
