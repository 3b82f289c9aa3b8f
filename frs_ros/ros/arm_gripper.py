# SPDX-License-Identifier: Apache-2.0
"""A gripper that is told by a topic or by an action of control_msgs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from frs_ros.errors import DependencyError
from frs_ros.ros import qos
from frs_ros.text import one_line

NONE, TOPIC = 'none', 'topic'
GRIPPER_COMMAND, PARALLEL = 'gripper_command', 'parallel_gripper_command'
GRIPPERS = (NONE, TOPIC, GRIPPER_COMMAND, PARALLEL)
NAMES = {
    TOPIC: 'gripper_position_controller/commands',
    GRIPPER_COMMAND: 'gripper_controller/gripper_cmd',
    PARALLEL: 'gripper_controller/gripper_cmd',
}
OVERDUE = 10.0  # s after which an action that has not ended is told


@dataclass(frozen=True)
class GripperSettings:
    """How the fingers are told.

    Attributes:
        kind: One of `GRIPPERS`.
        name: Of the topic or action; '' for the usual one.
        joints: Names of the finger joints.
        open: Position of these joints when open, m or rad.
        closed: The same when closed.
        effort: When closing on something, N.
    """

    kind: str = NONE
    name: str = ''
    joints: tuple[str, ...] = ()
    open: float = 0.04
    closed: float = 0.0
    effort: float = 20.0


class Gripper(Protocol):
    """Sends the fingers somewhere; `line` says what is wrong, '' if nothing."""

    line: str

    def send(self, closed: bool) -> None:
        """Sends them."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


def make_gripper(node: Node, settings: GripperSettings) -> Gripper:
    """The gripper of these settings; DependencyError if its messages are not installed."""
    if settings.kind == NONE:
        return NoGripper()
    if settings.kind == TOPIC:
        return TopicGripper(node, settings)
    return ActionGripper(node, settings)


class NoGripper:
    """There is none."""

    line = ''

    def send(self, closed: bool) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class TopicGripper:
    """Positions of the fingers' joints to a controller, as a Float64MultiArray."""

    def __init__(self, node: Node, settings: GripperSettings) -> None:
        """Announces the topic."""
        self._node, self._settings = node, settings
        topic = settings.name or NAMES[TOPIC]
        self._publisher = node.create_publisher(Float64MultiArray, topic, qos.COMMAND)

    @property
    def line(self) -> str:
        """Whether nobody listens."""
        if self._publisher.get_subscription_count():
            return ''
        return f'no gripper listens on {self._publisher.topic_name} (parameter gripper_topic)'

    def send(self, closed: bool) -> None:
        """Publishes once."""
        position = self._settings.closed if closed else self._settings.open
        count = max(len(self._settings.joints), 1)
        self._publisher.publish(Float64MultiArray(data=[position] * count))

    def close(self) -> None:
        """Leaves the topic."""
        self._node.destroy_publisher(self._publisher)


class ActionGripper:
    """Goals of GripperCommand or ParallelGripperCommand, one at a time: the newest command wins.

    A goal that is under way is cancelled for the next one, which is sent when the first has ended.
    """

    def __init__(self, node: Node, settings: GripperSettings) -> None:
        """Looks for the server."""
        self._settings = settings
        kind, self._goal = _action(settings)
        from rclpy.action import ActionClient

        self._name = settings.name or NAMES[settings.kind]
        self._client = ActionClient(node, kind, self._name)
        self._wanted: bool | None = None
        self._sent: bool | None = None  # what is under way, None if nothing is
        self._since = 0.0
        self._handle: Any = None
        self._number = 0  # of goals that were given up
        self._failed = ''

    @property
    def line(self) -> str:
        """What is wrong."""
        if self._failed:
            return self._failed
        if not self._client.server_is_ready():
            return f'no gripper answers to the action {self._name} (parameter gripper_topic)'
        if self._is_overdue:
            return f'the gripper has not arrived for {OVERDUE:g} s'
        return ''

    def send(self, closed: bool) -> None:
        """Sends a goal, once the one under way has been cancelled."""
        self._wanted, self._failed = closed, ''
        if self._sent is not None and (self._is_overdue or not self._client.server_is_ready()):
            self._give_up()  # a server that was started anew knows nothing of it
        if self._sent is None:
            self._begin()
        elif self._handle is not None:
            self._handle.cancel_goal_async()

    def close(self) -> None:
        """Ends the client."""
        self._wanted = None
        self._client.destroy()

    @property
    def _is_overdue(self) -> bool:
        return self._sent is not None and time.monotonic() - self._since > OVERDUE

    def _give_up(self) -> None:
        """What is under way is not waited for any more."""
        self._sent = self._handle = None
        self._number += 1

    def _begin(self) -> None:
        closed, self._wanted = self._wanted, None
        if closed is None or not self._client.server_is_ready():
            return
        self._sent, self._since = closed, time.monotonic()
        position = self._settings.closed if closed else self._settings.open
        future = self._client.send_goal_async(self._goal(position))
        future.add_done_callback(self._guarded(self._on_answer))

    def _guarded(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """For the goal of now; the executor would end the node with an exception of it."""
        number = self._number

        def call(future: Any) -> None:
            if number != self._number:
                return
            try:
                callback(future)
            except Exception as error:
                self._give_up()
                self._failed = f'the gripper ({self._name}): {one_line(error) or "no answer"}'

        return call

    def _on_answer(self, future: Any) -> None:
        handle = future.result()
        if not handle.accepted:
            self._failed, self._sent = f'the gripper refuses the goal ({self._name})', None
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(self._guarded(self._on_end))
        if self._wanted is not None:
            handle.cancel_goal_async()

    def _on_end(self, future: Any) -> None:
        result = future.result().result
        # closing on something ends early, and some servers call that a failure
        stuck = self._sent is False and not result.reached_goal and self._wanted is None
        self._failed = 'the gripper did not open' if stuck else ''
        self._sent = self._handle = None
        self._begin()


def _action(settings: GripperSettings) -> tuple[Any, Callable[[float], Any]]:
    """Type of an action of control_msgs, and how a goal is made of a position."""
    try:
        from control_msgs.action import GripperCommand
    except ImportError as error:
        raise DependencyError(
            f'gripper {settings.kind} needs the ROS package control_msgs: sudo apt-get install '
            'ros-$ROS_DISTRO-control-msgs; or let a topic move the gripper (gripper:=topic)'
        ) from error
    if settings.kind == GRIPPER_COMMAND:

        def simple(position: float) -> Any:
            goal = GripperCommand.Goal()
            goal.command.position, goal.command.max_effort = position, settings.effort
            return goal

        return GripperCommand, simple
    from control_msgs.action import ParallelGripperCommand

    def parallel(position: float) -> Any:
        goal = ParallelGripperCommand.Goal()
        _fill(goal.command, settings.joints, position, settings.effort)
        return goal

    return ParallelGripperCommand, parallel


def _fill(command: Any, joints: Sequence[str], position: float, effort: float) -> None:
    count = max(len(joints), 1)
    command.name = list(joints)
    command.position, command.effort = [position] * count, [effort] * count
