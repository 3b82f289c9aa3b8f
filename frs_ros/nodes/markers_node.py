# SPDX-License-Identifier: Apache-2.0
"""Node `markers`: guidance, plans and workspace, for RViz and Foxglove."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from visualization_msgs.msg import Marker, MarkerArray

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.errors import DataError
from frs_ros.guidance.operator.arrow import arrow
from frs_ros.messages.guidance import BASE, Guidance
from frs_ros.messages.plan import ActionChunk
from frs_ros.msg import ActionChunk as ActionChunkMsg
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.msg import SteeringReport
from frs_ros.nodes import topics
from frs_ros.nodes.config_files import cell_file
from frs_ros.nodes.parameters.markers import MarkersParameters
from frs_ros.robot.preview import tool_path
from frs_ros.robot.settings import read_cell
from frs_ros.ros import qos, spin, stamps
from frs_ros.ros.convert import marker
from frs_ros.ros.convert.checks import finite
from frs_ros.ros.convert.guidance import guidance_from_msg
from frs_ros.ros.convert.plan import chunk_from_msg
from frs_ros.ros.convert.robot import arm_positions
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.one_source import OneSource
from frs_ros.ros.parameters import declare
from frs_ros.safety.edges import edges

GREEN, BLUE, GREY = (0.1, 0.8, 0.2, 1.0), (0.1, 0.4, 1.0, 1.0), (0.6, 0.6, 0.6, 0.9)
ORANGE = (1.0, 0.6, 0.0, 0.4)


class Markers(Node):
    """Draws what the arm is asked to do, what it will do, and where it may be.

    Subscribes `guidance`, `action_chunk`, `steering_report` and `joint_states`; publishes
    `markers`. Something that is silent for `keep` seconds is no longer drawn.
    """

    def __init__(self) -> None:
        super().__init__('markers', automatically_declare_parameters_from_overrides=True)
        self._settings = p = declare(self, MarkersParameters)
        cell = read_cell(cell_file(p.robot))
        self._kinematics, self._model = PinocchioKinematics.of_model(cell.model), cell.model.name
        self._frame = p.frame_prefix + BASE
        self._workspace = edges(cell.envelope.box)
        self._diagnostics = Diagnostics(self)
        self._joints: np.ndarray | None = None
        self._given: tuple[float, Guidance] | None = None  # when it came, and what
        self._chunk: tuple[ActionChunk, np.ndarray] | None = None  # and the joints of then
        self._paths: dict[str, tuple[float, np.ndarray]] = {}
        self._publisher = self.create_publisher(MarkerArray, topics.MARKERS, qos.DISPLAY)
        for kind, topic, take, profile in (
            (JointState, topics.JOINT_STATES, self._on_joints, qos.DISPLAY),
            (GuidanceMsg, topics.GUIDANCE, self._on_guidance, qos.GUIDANCE_NEWEST),
            (SteeringReport, topics.STEERING_REPORT, self._on_report, qos.EXCHANGE),
        ):
            self.create_subscription(kind, topic, partial(self._checked, topic, take), profile)
        self._sources = OneSource(self, self._diagnostics)
        on_chunk = partial(self._checked, topics.ACTION_CHUNK, self._on_chunk)

        def on_plan(msg: ActionChunkMsg, info: Mapping[str, Any]) -> None:
            if self._sources.alone(chunks.topic_name, info):
                on_chunk(msg)

        chunks = self.create_subscription(
            ActionChunkMsg, topics.ACTION_CHUNK, on_plan, qos.EXCHANGE
        )
        self.create_timer(1.0 / p.rate, self._on_period)

    def _checked(self, topic: str, take: Callable, msg: object) -> None:
        """Takes a message; one that makes no sense is reported and not drawn."""
        try:
            take(msg)
        except (DataError, ValueError) as error:
            self._diagnostics.report(topic, str(error))
        else:
            self._diagnostics.clear(topic)

    def _on_joints(self, msg: JointState) -> None:
        joints = arm_positions(msg, self._model)
        if joints is not None:
            self._joints = joints

    def _on_guidance(self, msg: GuidanceMsg) -> None:
        self._given = time.monotonic(), guidance_from_msg(msg)

    def _on_chunk(self, msg: ActionChunkMsg) -> None:
        chunk = chunk_from_msg(msg)
        if self._joints is not None:
            self._chunk = chunk, self._joints
            self._draw('plan', chunk.actions)

    def _on_report(self, msg: SteeringReport) -> None:
        """Draws the unsteered plan, which comes after the chunk it belongs to."""
        if self._chunk is None or not msg.unsteered_actions:
            return
        chunk = self._chunk[0]
        if (chunk.episode_id, chunk.request_id) == (msg.episode_id, msg.request_id):
            size = (chunk.actions.size,)
            actions = finite('SteeringReport.unsteered_actions', msg.unsteered_actions, size)
            self._draw('unsteered', actions.reshape(chunk.actions.shape))

    def _draw(self, name: str, actions: np.ndarray) -> None:
        assert self._chunk is not None
        chunk, joints = self._chunk
        pose = self._kinematics.pose(joints)
        path = tool_path(actions, chunk.space, chunk.control_hz, joints, pose, self._kinematics)
        self._paths[name] = time.monotonic(), path

    def _on_period(self) -> None:
        markers = [
            marker.lines('workspace', self._workspace, 0.003, ORANGE, joined=False),
            self._guidance_marker(),
            self._path_marker('plan', 0.006, BLUE),
            self._path_marker('unsteered', 0.004, GREY),
        ]
        header = stamps.header(self.get_clock().now().nanoseconds, self._frame)
        marker.place(markers, header, self._settings.keep)
        self._publisher.publish(MarkerArray(markers=markers))

    def _guidance_marker(self) -> Marker:
        if self._given is None or self._joints is None or self._old(self._given[0]):
            return marker.nothing('guidance')
        tool = self._kinematics.pose(self._joints)[:3, 3]
        ends = arrow(self._given[1], tool, self._settings.arrow_length)
        return (
            marker.nothing('guidance')
            if ends is None
            else marker.arrow('guidance', *ends, 0.01, GREEN)
        )

    def _path_marker(self, name: str, width: float, colour: marker.Colour) -> Marker:
        if name not in self._paths or self._old(self._paths[name][0]):
            return marker.nothing(name)
        return marker.lines(name, self._paths[name][1], width, colour)

    def _old(self, since: float) -> bool:
        return time.monotonic() - since > self._settings.keep


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return spin.run(Markers, args)


if __name__ == '__main__':
    sys.exit(main())
