# SPDX-License-Identifier: Apache-2.0
"""The controller's node, in this process: a driver that measures nonsense or raises, and messages
that do not tell who published them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

import rclpy
from rclpy.executors import SingleThreadedExecutor
from robot_cell import Cell

from frs_ros.arm.models import FR3
from frs_ros.msg import ActionChunk, SafetyStatus
from frs_ros.nodes import franka_controller_node as program
from frs_ros.nodes import topics
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.ros import qos

SPOILED = ('q', 'dq', 'pose', 'tau_external', 'wrench_external')


class Driver(KinematicDriver):
    """Gives what it is told to instead of what it measures, and raises where it is told to."""

    def __init__(self) -> None:
        super().__init__(FR3)
        self.changes: dict[str, object] = {}
        self.error: Exception | None = None

    def read(self):
        if self.error is not None:
            raise self.error
        return replace(super().read(), **self.changes)


@pytest.fixture
def driver(monkeypatch):
    made = Driver()
    monkeypatch.setattr(program, 'make_driver', lambda *args, **kwargs: made)
    return made


@pytest.fixture
def controller(ros, driver):
    rclpy.init(args=['--ros-args', '-p', 'start:=immediately'], domain_id=ros.domain)
    node = program.FrankaController()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spin = ros.spin_once

    def spin_both(timeout: float = 0.02) -> None:
        spin(timeout / 10)
        executor.spin_once(timeout_sec=timeout / 10)

    ros.spin_once = spin_both
    yield node
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()


@pytest.mark.filterwarnings('ignore::RuntimeWarning')
def test_numbers_that_are_not_finite_stop_the_arm_and_the_rest_is_published(
    ros, driver, controller
):
    cell = Cell(ros)
    cell.reaches(SafetyStatus.ACTIVE)
    bad = np.array([0.0, np.nan, 0.0, 0.0, 0.0, 0.0, 0.0])
    driver.changes = {'q': bad, 'gripper_width': np.inf}
    status = cell.reaches(SafetyStatus.STOPPED)
    assert status.reason == "the robot's state is unusable: q[1] is nan"
    ros.wait_for(lambda: len(cell.joints[-1].name) == 6, 5.0, 'the joints that are known')
    assert 'fr3_joint2' not in cell.joints[-1].name
    for name in SPOILED:  # each of them, at any size
        shape = np.shape(getattr(KinematicDriver.read(driver), name))
        for value in (np.nan, np.inf, 1e308):
            driver.changes = {name: np.full(shape, value)}
            cell.statuses.clear()
            ros.wait_for(lambda: len(cell.statuses) > 1, 5.0, 'statuses')
    for value in (np.nan, -np.inf, 1e300, -1e300):
        driver.changes = {'read_at': value, 'time': value, 'success_rate': value}
        cell.statuses.clear()
        ros.wait_for(lambda: len(cell.statuses) > 1, 5.0, 'statuses')
    assert cell.status.fault == ''
    assert not controller._reported
    driver.changes = {}
    states = len(cell.states)
    ros.wait_for(lambda: len(cell.states) > states + 2, 5.0, 'states')
    assert cell.call('resume').success
    cell.reaches(SafetyStatus.ACTIVE)


def test_errors_of_the_program_are_faults_with_one_traceback(ros, driver, controller):
    cell = Cell(ros)
    cell.reaches(SafetyStatus.ACTIVE)
    driver.error = TypeError('a bug of the driver')
    status = cell.reaches(SafetyStatus.FAULT)
    assert status.fault == 'program'
    assert 'in the driver: TypeError: a bug of the driver' in status.reason
    ros.wait_for(lambda: len(cell.statuses) > 5, 5.0, 'statuses')
    assert len(controller._reported) == 1
    driver.error = None
    assert cell.call('recover').success
    assert cell.call('resume').success
    cell.reaches(SafetyStatus.ACTIVE)
    controller._told = lambda *_: 1 / 0  # now a bug of ours, in a timer
    status = cell.reaches(SafetyStatus.FAULT)
    assert 'in the controller: ZeroDivisionError' in status.reason
    cell.statuses.clear()
    ros.wait_for(lambda: len(cell.statuses) > 5, 5.0, 'statuses')
    assert len(controller._reported) == 2
    assert cell.status.commands == status.commands
    controller._told = lambda *_: np.zeros(8)
    assert cell.call('recover').success


@pytest.fixture
def untold(monkeypatch):
    """The middleware tells no publisher of a message, as rclpy 7.1.6 (Jazzy)."""
    monkeypatch.setattr(program, 'publisher', lambda info: '')


def commander(ros, name):
    """A node that publishes chunks, once it is known."""
    node = ros.node(name)
    chunks = node.create_publisher(ActionChunk, topics.ACTION_CHUNK, qos.EXCHANGE)
    ros.wait_for(chunks.get_subscription_count, 10.0, name)
    return node, chunks


def test_a_second_commander_after_a_silence_is_none_whoever_publishes(ros, controller, untold):
    cell = Cell(ros)
    cell.reaches(SafetyStatus.ACTIVE)
    cell.plays = False  # its node lives on, and says nothing
    cell.reaches(SafetyStatus.STOPPED)
    node, chunks = commander(ros, 'intruder')
    rivals = '2 nodes publish chunks (/cell, /intruder); end all but one'

    def refused():
        chunks.publish(cell.answer(cell.requests[-1]))
        answer = cell.call('resume')
        assert not answer.success or cell.reaches(SafetyStatus.STOPPED).reason == rivals
        return answer.message == rivals

    ros.wait_for(refused, 10.0, 'the refusal')
    taken = cell.statuses[-1].chunks
    chunks.publish(cell.answer(cell.requests[-1]))
    cell.statuses.clear()
    ros.wait_for(lambda: len(cell.statuses) > 2, 5.0, 'statuses')
    assert {status.state for status in cell.statuses} == {SafetyStatus.STOPPED}
    assert cell.statuses[-1].chunks == taken
    node.destroy_publisher(chunks)
    cell.plays = True
    ros.wait_for(lambda: cell.call('resume').success, 10.0, 'the way back')
    cell.reaches(SafetyStatus.ACTIVE)


def test_a_successor_of_the_same_name_is_followed_whoever_publishes(ros, controller, untold):
    """As a policy server that was killed and started again: the lost one stays in the books."""
    cell = Cell(ros)
    cell.reaches(SafetyStatus.ACTIVE)
    cell.plays = False
    cell.reaches(SafetyStatus.STOPPED)
    _, cell.chunks = commander(ros, 'cell')
    cell.plays = True
    ros.wait_for(lambda: cell.call('resume').success, 10.0, 'the way back')
    cell.reaches(SafetyStatus.ACTIVE)
