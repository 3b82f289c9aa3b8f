# SPDX-License-Identifier: Apache-2.0
"""What the robot controller publishes, message by message."""

from __future__ import annotations

import contextlib
import functools
import math
import re
import time

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState

from frs_ros.arm.limits import JOINTS
from frs_ros.messages.episode import EpisodeEvent
from frs_ros.messages.plan import PlanRequest
from frs_ros.msg import Episode, RobotState, SafetyStatus
from frs_ros.msg import PlanRequest as PlanRequestMsg
from frs_ros.nodes import topics
from frs_ros.robot.base import ArmState
from frs_ros.robot.cell_state import CellState
from frs_ros.robot.controller import ArmController
from frs_ros.robot.holding import STEADY
from frs_ros.robot.status import Status
from frs_ros.ros import qos
from frs_ros.ros.convert.episode import episode_to_msg
from frs_ros.ros.convert.plan import request_to_msg
from frs_ros.ros.convert.robot import arm_to_msg, joint_state_to_msg
from frs_ros.ros.convert.safety import status_to_msg
from frs_ros.ros.diagnostics import Diagnostics

OLDEST = 86_400.0  # s; a state with a greater age than that has a wrong time

HEARD = Duration(seconds=0.5)
FIGURES = re.compile(r'[-+]?\d+(\.\d+)?')

MODES = {
    CellState.IDLE: RobotState.MODE_IDLE,
    CellState.HOLD: RobotState.MODE_IDLE,
    CellState.STOPPED: RobotState.MODE_IDLE,
    CellState.ACTIVE: RobotState.MODE_POLICY,
    CellState.FAULT: RobotState.MODE_FAULT,
}


class ControllerTopics:
    """Publishers of the controller.

    Args:
        node: Whose publishers they are.
        diagnostics: Of the node.
        frame: Name of the frame of the arm's base.
        joints: Whether joint states are published; not where the arm's own controllers do it.
    """

    def __init__(
        self, node: Node, diagnostics: Diagnostics, frame: str, *, joints: bool = True
    ) -> None:
        self._node, self._frame = node, frame
        publish = functools.partial(node.create_publisher, event_callbacks=qos.NO_EVENTS)
        self._joints = publish(JointState, topics.JOINT_STATES, qos.STATE) if joints else None
        self._state = publish(RobotState, topics.ROBOT_STATE, qos.STATE)
        self._status = publish(SafetyStatus, topics.SAFETY_STATUS, qos.STATE)
        self._requests = publish(PlanRequestMsg, topics.PLAN_REQUEST, qos.EXCHANGE)
        self._episodes = publish(Episode, topics.EPISODE, qos.LATCHED)
        self._diagnostics = diagnostics
        self._shown: Status | None = None
        self._told: dict[str, tuple[str, float]] = {}  # line, and when it was last true

    def request(self, request: PlanRequest) -> None:
        """Asks for a chunk."""
        self._requests.publish(request_to_msg(request))

    def episode(self, event: EpisodeEvent) -> None:
        """Says that an episode began or ended."""
        self._episodes.publish(episode_to_msg(event, self._now()))

    def arm(self, arm: ArmState, told: np.ndarray, age: float, controller: ArmController) -> None:
        """Publishes joints and robot state, as far as they are known and finite.

        Args:
            arm: What is known of the arm.
            told: [S] what the policy is told of it.
            age: How old that is, s.
            controller: Of the arm.
        """
        if not abs(age) <= OLDEST:  # nor NaN
            return
        stamp_ns = max(0, self._now() - round(age * 1e9))
        mode = MODES.get(controller.status.state, RobotState.MODE_UNKNOWN)
        command = controller.gripper_command
        if np.isfinite(told).all() and np.isfinite(arm.pose).all():
            msg = arm_to_msg(arm, told, command, stamp_ns, mode=mode, frame=self._frame)
            self._state.publish(msg)
        if self._joints is not None:
            self._publish_joints(self._joints, arm, controller.model, stamp_ns)

    def _publish_joints(
        self, publisher: Publisher, arm: ArmState, model: str, stamp_ns: int
    ) -> None:
        """Those joints whose position and velocity are known."""
        finger = arm.gripper_width / 2
        positions, velocities = [*arm.q.tolist(), finger, finger], [*arm.dq.tolist(), 0.0, 0.0]
        known = [
            (name, position, velocity)
            for name, position, velocity in zip(_names(model), positions, velocities, strict=True)
            if math.isfinite(position + velocity)
        ]
        if known:
            names, *numbers = zip(*known)
            publisher.publish(joint_state_to_msg(names, *numbers, stamp_ns))

    def status(self, status: Status) -> None:
        """Publishes the status; what has changed is logged and goes to /diagnostics."""
        self._status.publish(status_to_msg(status, self._now()))
        self._tell('chunks', status.refusal)
        self._tell('gripper', status.gripper)
        quiet = status.state in (CellState.ACTIVE, CellState.IDLE, CellState.HOMING)
        stopped = status.state in (CellState.STOPPED, CellState.FAULT)
        line = '' if quiet else ' - '.join(filter(None, (told(status), status.resume)))
        self._tell('robot', line, error=stopped and not status.wanted)
        self._shown = status

    def finish(self) -> None:
        """Waits a moment for what was said last to be heard: this process is about to end."""
        for publisher in (self._status, self._episodes):
            with contextlib.suppress(RuntimeError):  # a middleware that cannot tell, or is gone
                publisher.wait_for_all_acked(HEARD)

    def changed(self, status: Status) -> bool:
        """Whether an operator should see this status at once."""
        return self._shown is None or _headline(status) != _headline(self._shown)

    def _tell(self, concern: str, line: str, *, error: bool = False) -> None:
        """Says what is wrong; a line that differs in its figures only is the same one.

        What was wrong is over once it has been well for `STEADY` s: it may come and go with every
        image.
        """
        now = time.monotonic()
        before, at = self._told.get(concern, ('', now))
        if line:
            same = before if FIGURES.sub('', line) == FIGURES.sub('', before) else line
            self._told[concern] = same, now
            self._diagnostics.report(concern, same, error=error)
        elif before and now - at >= STEADY:
            del self._told[concern]
            self._diagnostics.clear(concern)

    def _now(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)


@functools.cache
def _names(model: str) -> tuple[str, ...]:
    """Of the joints of an arm and its fingers."""
    arm = [f'{model}_joint{i + 1}' for i in range(JOINTS)]
    return (*arm, *(f'{model}_finger_joint{i + 1}' for i in range(2)))


def told(status: Status) -> str:
    """State and reason in one line."""
    return f'{status.state.name}: {status.reason}' if status.reason else status.state.name


def _headline(status: Status) -> tuple[object, ...]:
    return status.state, status.reason, status.fault, status.refused, status.gripper
