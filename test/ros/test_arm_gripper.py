# SPDX-License-Identifier: Apache-2.0
"""A gripper that is told by an action, whose server fails in the middle."""

from __future__ import annotations

import types

import pytest

pytest.importorskip('rclpy')

import rclpy.action
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future

from frs_ros.ros import arm_gripper
from frs_ros.ros.arm_gripper import PARALLEL, GripperSettings, make_gripper


class Handle:
    """Of an accepted goal."""

    accepted = True

    def __init__(self, executor) -> None:
        self.result, self.cancelled = Future(executor=executor), 0

    def get_result_async(self) -> Future:
        return self.result

    def cancel_goal_async(self) -> None:
        self.cancelled += 1


class Client:
    """An ActionClient whose server is played by the test."""

    made: Client

    def __init__(self, node, kind, name) -> None:
        Client.made = self
        self.executor, self.ready = node.executor, True
        self.goals: list[tuple[float, Future]] = []

    def server_is_ready(self) -> bool:
        return self.ready

    def send_goal_async(self, goal: float) -> Future:
        self.goals.append((goal, Future(executor=self.executor)))
        return self.goals[-1][1]

    def accept(self) -> Handle:
        handle = Handle(self.executor)
        self.goals[-1][1].set_result(handle)
        self.spin()
        return handle

    def spin(self) -> None:
        """Done callbacks are tasks of the executor, which raises what they raise."""
        for _ in range(5):  # some of these serve other things of the node
            self.executor.spin_once(timeout_sec=0.0)


@pytest.fixture
def gripper(ros, monkeypatch):
    monkeypatch.setattr(rclpy.action, 'ActionClient', Client)
    monkeypatch.setattr(arm_gripper, '_action', lambda settings: (None, float))
    node = ros.node('arm')
    if node.executor is None:
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)
    return make_gripper(node, GripperSettings(kind=PARALLEL))


def reached(well: bool = True):
    return types.SimpleNamespace(result=types.SimpleNamespace(reached_goal=well))


def test_no_answer_of_a_server_ends_the_node(gripper):
    client = Client.made
    gripper.send(True)
    client.goals[0][1].set_exception(RuntimeError('cannot\ntake the response'))
    client.spin()
    assert 'cannot take the response' in gripper.line
    gripper.send(False)
    handle = client.accept()
    handle.result.set_result(types.SimpleNamespace(result=object()))  # of another type
    client.spin()
    assert 'reached_goal' in gripper.line
    gripper.send(True)
    assert gripper.line == ''
    client.accept().result.set_result(reached())
    client.spin()
    assert [goal for goal, _ in client.goals] == [0.0, 0.04, 0.0]
    assert gripper.line == ''


def test_a_server_that_is_started_anew_is_told_although_the_old_one_never_answered(
    gripper, monkeypatch
):
    client = Client.made
    gripper.send(True)
    old = client.accept()
    client.ready = False  # killed with a goal under way
    gripper.send(False)
    assert 'no gripper answers' in gripper.line
    client.ready = True
    gripper.send(True)
    new = client.accept()
    monkeypatch.setattr(arm_gripper, 'OVERDUE', -1.0)  # or so quickly that nobody saw it gone
    gripper.send(False)
    assert [goal for goal, _ in client.goals] == [0.0, 0.0, 0.04]
    for late in (old, new):
        late.result.set_result(reached(well=False))
        client.spin()
    monkeypatch.setattr(arm_gripper, 'OVERDUE', 10.0)
    assert gripper.line == ''
    client.accept().result.set_result(reached(well=False))
    client.spin()
    assert gripper.line == 'the gripper did not open'
