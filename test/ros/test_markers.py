# SPDX-License-Identifier: Apache-2.0
"""The markers as a process: what is drawn, and what is not drawn any more."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

from sensor_msgs.msg import JointState
from visualization_msgs.msg import Marker, MarkerArray

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.messages.guidance import Guidance
from frs_ros.messages.plan import ActionChunk
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.msg import SteeringReport
from frs_ros.nodes import topics
from frs_ros.ros import qos
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.convert.plan import chunk_to_msg
from frs_ros.types import CARTESIAN_DELTA

LEFT = np.array([0.0, 1.0, 0.0])
UP = np.tile([0, 0, 0.5, 0, 0, 0, 0.0], (10, 1))
CHUNK = ActionChunk(3, 'e', UP, np.zeros((10, 7)), 5, 'frs', 7, CARTESIAN_DELTA, 20.0)


class Cell:
    """The test's side: publishes, and keeps the newest marker of each name."""

    def __init__(self, ros) -> None:
        self.ros, node = ros, ros.node('cell')
        publish = node.create_publisher
        self.joints = publish(JointState, topics.JOINT_STATES, qos.STATE)
        self.guidance = publish(GuidanceMsg, topics.GUIDANCE, qos.GUIDANCE_NEWEST)
        self.chunks = publish(ActionChunkMsg, topics.ACTION_CHUNK, qos.EXCHANGE)
        self.reports = publish(SteeringReport, topics.STEERING_REPORT, qos.EXCHANGE)
        self.arrays = ros.collect(node, MarkerArray, topics.MARKERS, qos.DISPLAY)

    def connected(self) -> bool:
        publishers = (self.joints, self.guidance, self.chunks, self.reports)
        return bool(self.arrays) and all(p.get_subscription_count() for p in publishers)

    def drawn(self, name: str) -> np.ndarray | None:
        """Points [n, 3] of the newest marker of this name; None if it is taken away."""
        markers = {m.ns: m for m in self.arrays[-1].markers}
        if markers[name].action == Marker.DELETE:
            return None
        assert markers[name].header.frame_id == 'base'
        return np.array([[p.x, p.y, p.z] for p in markers[name].points])

    def wait(self, name: str, drawn: bool = True) -> np.ndarray | None:
        self.ros.wait_for(lambda: (self.drawn(name) is not None) == drawn, 5.0, name)
        return self.drawn(name)


def test_wish_plans_and_workspace_are_drawn_until_they_are_silent(ros, node_process):
    node_process('markers', '-p', 'keep:=1.0', '-p', 'rate:=50.0')
    cell = Cell(ros)
    ros.wait_for(cell.connected, 20.0, 'the markers')
    assert cell.drawn('workspace').shape == (24, 3)
    assert cell.drawn('guidance') is None

    tool = PinocchioKinematics.of_model(FR3).pose(FR3.home)[:3, 3]
    cell.joints.publish(JointState(position=[*FR3.home, 0.04, 0.04]))
    cell.guidance.publish(guidance_to_msg(Guidance(direction=LEFT)))
    assert np.allclose(cell.wait('guidance'), [tool, tool + 0.2 * LEFT], atol=1e-6)
    cell.chunks.publish(chunk_to_msg(CHUNK))
    plan = cell.wait('plan')
    assert np.allclose(plan[0], tool, atol=1e-6)
    assert np.allclose(plan[-1] - tool, [0, 0, 10 * 0.5 * 0.05], atol=1e-6)

    alone = np.tile([0.2, 0, 0, 0, 0, 0, 0.0], (10, 1)).ravel().tolist()
    other = SteeringReport(episode_id='e', request_id=2, unsteered_actions=alone)
    cell.reports.publish(other)  # of a chunk that was not drawn
    cell.reports.publish(SteeringReport(episode_id='e', request_id=3, unsteered_actions=alone))
    assert np.allclose(cell.wait('unsteered')[-1] - tool, [10 * 0.2 * 0.05, 0, 0], atol=1e-6)
    for name in ('guidance', 'plan', 'unsteered'):
        cell.wait(name, drawn=False)
    assert cell.drawn('workspace') is not None


def test_a_missing_cell_file_is_one_line(node_process):
    process = node_process('markers', '-p', 'robot:=nowhere.yaml')
    assert process.wait(20.0) == 2
    assert 'nowhere.yaml: No such file' in process.output
    assert 'Traceback' not in process.output
