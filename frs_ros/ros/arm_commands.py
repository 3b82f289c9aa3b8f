# SPDX-License-Identifier: Apache-2.0
"""Commands for an arm as the messages that controllers take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, Header

from frs_ros.errors import DependencyError
from frs_ros.robot.policy_state import quaternion
from frs_ros.robot.topics.transport import (
    FORWARD,
    TARGET_JOINT,
    TARGET_POSE,
    TRAJECTORY,
    Target,
)

# Where controllers listen under their usual names.
TOPICS = {
    FORWARD: 'forward_position_controller/commands',
    TARGET_JOINT: 'target_joint',
    TRAJECTORY: 'joint_trajectory_controller/joint_trajectory',
    TARGET_POSE: 'target_pose',
}


@dataclass(frozen=True)
class Outlet:
    """One message of a command.

    Attributes:
        kind: Message class.
        topic: Its name, relative or not.
        message: Makes one.
    """

    kind: type
    topic: str
    message: Callable[[Target, Time], Any]


def outlets(
    command: str,
    topic: str,
    names: Sequence[str],
    *,
    seconds: float,
    frame: str,
    posture_topic: str,
) -> list[Outlet]:
    """What a command consists of.

    Args:
        command: One of `transport.COMMANDS`.
        topic: Of the controller; '' for its usual one.
        names: Of the joints.
        seconds: Time in which the point of a trajectory is to be reached.
        frame: Of poses: the base of the arm.
        posture_topic: Where joints go that a pose leaves free; '' for nowhere.

    Raises:
        DependencyError: The messages are not installed.
    """
    topic = topic or TOPICS[command]

    def joints(target: Target, now: Time) -> JointState:
        header = Header(stamp=now)
        return JointState(header=header, name=list(names), position=target.q.tolist())

    if command == FORWARD:
        return [Outlet(Float64MultiArray, topic, _array)]
    if command == TARGET_JOINT:
        return [Outlet(JointState, topic, joints)]
    if command == TRAJECTORY:
        return [_trajectory(topic, names, seconds)]
    found = [Outlet(PoseStamped, topic, lambda target, now: _pose(target, now, frame))]
    if posture_topic:
        found.append(Outlet(JointState, posture_topic, joints))
    return found


def _array(target: Target, now: Time) -> Float64MultiArray:
    return Float64MultiArray(data=target.q.tolist())


def _pose(target: Target, now: Time, frame: str) -> PoseStamped:
    assert target.pose is not None
    w, (x, y, z) = quaternion(target.pose[:3, :3])
    px, py, pz = target.pose[:3, 3].tolist()
    turn = Quaternion(x=float(x), y=float(y), z=float(z), w=w)
    pose = Pose(position=Point(x=px, y=py, z=pz), orientation=turn)
    return PoseStamped(header=Header(stamp=now, frame_id=frame), pose=pose)


def _trajectory(topic: str, names: Sequence[str], seconds: float) -> Outlet:
    """One point without velocities, so that the controller interpolates linearly and ends at rest.

    Its stamp is zero, which means now: clocks of two hosts need not agree.
    """
    try:
        from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
    except ImportError as error:
        raise DependencyError(
            'command trajectory needs the ROS package trajectory_msgs: sudo apt-get install '
            'ros-$ROS_DISTRO-trajectory-msgs, or pip install ros-trajectory-msgs'
        ) from error
    whole = int(seconds)
    reach = Duration(sec=whole, nanosec=round((seconds - whole) * 1e9))

    def message(target: Target, now: Time) -> Any:
        point = JointTrajectoryPoint(positions=target.q.tolist(), time_from_start=reach)
        return JointTrajectory(joint_names=list(names), points=[point])

    return Outlet(JointTrajectory, topic, message)
