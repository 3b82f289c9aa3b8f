# SPDX-License-Identifier: Apache-2.0
"""The robot cell without hardware as `frs up droid_sim` starts it: steered, moving, stopped."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import signal
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')
pytest.importorskip('pyspacemouse')

from process_tree import alive, descendants
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from frs_ros.guidance.operator.devices.recording import Entry, write_entry, write_header
from frs_ros.msg import Guidance, RobotState, SafetyStatus, SteeringReport
from frs_ros.nodes import topics
from frs_ros.ros import qos, stamps

START_TIMEOUT = 60.0  # s; torch, an arm and cameras, on cores that others use too
LEFT, RIGHT = -300, 300  # raw deflection along the SpaceMouse's x axis, which points right
SLOT = 2.0  # s that one direction is held
CHUNK = 0.5  # s, that mini's chunks are long: 10 actions at 20 Hz
SLOW = 0.005  # m/s
# franky-sim needs a core to itself: the rest is kept small beside it
ARMS = {
    'kinematic': ('markers:=true',),
    'franky': ('markers:=false', 'exterior_camera.fps:=15', 'wrist_camera.fps:=15'),
}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A SpaceMouse Wireless pushed to the left and to the right by turns."""
    path = tmp_path / 'left_and_right.jsonl'
    with path.open('w') as stream:
        write_header(stream, 'SpaceMouseWireless', 'made by a test from the report format')
        write_entry(stream, Entry(0.0, b'\x01' + struct.pack('<6h', *[0] * 6)))
        for slot, push in enumerate((LEFT, RIGHT)):
            for time in np.arange(0.1, SLOT, 0.016):
                report = b'\x01' + struct.pack('<6h', push, 0, 0, 0, 0, 0)
                write_entry(stream, Entry(round(slot * SLOT + float(time), 3), report))
    return path


class Watch:
    """The test's ears in the cell."""

    def __init__(self, ros) -> None:
        node = ros.node('watch')
        collect = functools.partial(ros.collect, node)
        self.resume = node.create_client(Trigger, 'franka_controller/resume')
        self.guidance = collect(Guidance, topics.GUIDANCE, qos.RECORD)
        self.reports = collect(SteeringReport, topics.STEERING_REPORT, qos.RECORD)
        self.states = collect(RobotState, topics.ROBOT_STATE, qos.RECORD)
        self.status = collect(SafetyStatus, topics.SAFETY_STATUS, qos.RECORD)
        self.markers = collect(MarkerArray, topics.MARKERS, qos.DISPLAY)
        self._looked_at = 0  # so many states

    def turns(self) -> list[tuple[float, float]]:
        """When (s) the wish changed from left to right or back, and its new direction of y."""
        wishes = [
            (stamps.to_ns(g.header.stamp) * 1e-9, g.direction[1])
            for g in self.guidance
            if g.enabled and g.direction[1]
        ]
        return [b for a, b in itertools.pairwise(wishes) if a[1] * b[1] < 0]

    def speed(self, begin: float, end: float) -> float:
        """Mean velocity of the tool along y between two times, m/s."""
        path = [
            (stamps.to_ns(s.header.stamp) * 1e-9, s.pose.position.y)
            for s in self.states
            if begin <= stamps.to_ns(s.header.stamp) * 1e-9 <= end
        ]
        if len(path) < 2:
            return 0.0
        (first, y), (last, end_y) = path[0], path[-1]
        return (end_y - y) / (last - first)

    def turned_with_the_wish(self) -> bool:
        """Whether the tool went as wished, and the other way a chunk after the wish turned."""
        if len(self.states) < self._looked_at + 10:
            return False  # called for every message; looking takes longer than most take to come
        self._looked_at = len(self.states)
        if self.status[-1].state == SafetyStatus.STOPPED:  # by plans that a busy machine delays
            self.resume.call_async(Trigger.Request())
        now = stamps.to_ns(self.states[-1].header.stamp) * 1e-9
        return any(
            self.speed(time - CHUNK, time) * wish < -SLOW
            and self.speed(time + CHUNK, time + 2 * CHUNK) * wish > SLOW
            for time, wish in self.turns()
            if time + 2 * CHUNK < now
        )


@pytest.mark.parametrize('driver', ARMS)
def test_the_arm_follows_a_replayed_spacemouse_and_ctrl_c_stops_it(
    driver, ros, node_process, recording, wait_for
):
    if driver == 'franky' and importlib.util.find_spec('franky_sim') is None:
        pytest.skip('franky_sim is not installed')
    watch = Watch(ros)
    words = [f'driver:={driver}', *ARMS[driver]]
    words += ['guidance:=replay', f'recording:={recording}', 'repeat:=true']
    up = node_process(
        'up', command=[sys.executable, '-m', 'frs_ros.cli', 'up', 'droid_sim', *words]
    )
    moving = functools.partial(active, watch)
    ros.wait_for(moving, START_TIMEOUT, 'a moving arm')
    ros.wait_for(watch.turned_with_the_wish, 4 * SLOT + 20.0, 'a turn of the arm within a chunk')
    assert any(report.guided for report in watch.reports)
    if 'markers:=true' in ARMS[driver]:
        assert any(len(report.unsteered_actions) > 0 for report in watch.reports)
        drawn = {marker.ns for marker in watch.markers[-1].markers}
        assert drawn == {'guidance', 'plan', 'unsteered', 'workspace'}

    children = descendants(up.process.pid)
    assert len(children) >= 5
    os.kill(up.process.pid, signal.SIGINT)  # to it alone, as its processes are in other groups
    assert up.wait(10.0) == 0
    wait_for(lambda: not any(alive(pid) for pid in children), 1.0, 'the end of every process')
    assert 'Traceback' not in up.output
    for name in ('franka_controller', 'simulated_arm'):
        assert f'{name} does not end' not in up.output


def active(watch: Watch) -> bool:
    return any(s.state == SafetyStatus.ACTIVE for s in watch.status)
