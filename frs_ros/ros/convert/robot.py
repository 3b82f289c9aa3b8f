# SPDX-License-Identifier: Apache-2.0
"""Proprioception <-> RobotState and sensor_msgs/JointState."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion
from sensor_msgs.msg import JointState

from frs_ros.arm.limits import JOINTS
from frs_ros.errors import DataError
from frs_ros.msg import RobotState
from frs_ros.robot.base import ArmState
from frs_ros.robot.policy_state import quaternion as rotation_quaternion
from frs_ros.ros import stamps
from frs_ros.ros.convert.checks import at_most, finite

MOST_NUMBERS = 1000  # of the state that a policy is fed


@dataclass(frozen=True)
class Proprioception:
    """What a policy needs of a RobotState.

    Attributes:
        state: [S] exactly as the policy is fed, see `frs_ros.types.Observation`.
        gripper_command: Last command sent to the gripper, -1 open .. +1 closed.
        stamp_ns: Acquisition time.
    """

    state: np.ndarray
    gripper_command: float
    stamp_ns: int


def robot_state_to_msg(
    state: np.ndarray, gripper_command: float, stamp_ns: int, *, mode: int, frame: str = 'world'
) -> RobotState:
    """RobotState of LIBERO's proprioception.

    Args:
        state: [8] gripper position (3, m), axis-angle (3, rad), finger positions (2, m).
        gripper_command: Last command sent, -1 open .. +1 closed.
        stamp_ns: Acquisition time.
        mode: One of RobotState.MODE_*.
        frame: Frame of position and orientation.
    """
    state = finite('policy state', state, (8,))
    x, y, z, w = quaternion(state[3:6])
    pose = Pose(
        position=Point(x=state[0], y=state[1], z=state[2]),
        orientation=Quaternion(x=x, y=y, z=z, w=w),
    )
    return RobotState(
        header=stamps.header(stamp_ns, frame),
        mode=mode,
        pose=pose,
        finger_positions=state[6:8],
        gripper_command=float(gripper_command),
        policy_state=state.tolist(),
    )


def arm_to_msg(
    arm: ArmState,
    policy_state: np.ndarray,
    gripper_command: float,
    stamp_ns: int,
    *,
    mode: int,
    frame: str = 'base',
) -> RobotState:
    """RobotState of a robot.

    Args:
        arm: State in the frame of its base; an unknown gripper width is given as 0.
        policy_state: [S] as the policy is fed.
        gripper_command: Last command sent, -1 open .. +1 closed.
        stamp_ns: Acquisition time.
        mode: One of RobotState.MODE_*.
        frame: Name of the frame of its base.
    """
    x, y, z = (float(v) for v in arm.pose[:3, 3])
    qw, (qx, qy, qz) = rotation_quaternion(arm.pose[:3, :3])
    return RobotState(
        header=stamps.header(stamp_ns, frame),
        mode=mode,
        pose=Pose(
            position=Point(x=x, y=y, z=z),
            orientation=Quaternion(x=float(qx), y=float(qy), z=float(qz), w=qw),
        ),
        finger_positions=np.full(2, np.nan_to_num(arm.gripper_width) / 2),
        gripper_command=float(gripper_command),
        policy_state=finite('policy state', policy_state).tolist(),
    )


def proprioception_from_msg(msg: RobotState) -> Proprioception:
    """What the policy needs of the message; DataError if empty, not finite or out of range."""
    if len(msg.policy_state) == 0:
        raise DataError('RobotState.policy_state is empty')
    at_most('RobotState.policy_state', msg.policy_state, MOST_NUMBERS)
    command = float(finite('RobotState.gripper_command', msg.gripper_command))
    if not -1.0 <= command <= 1.0:
        raise DataError(f'RobotState.gripper_command is {command}, outside [-1, 1]')
    state = finite('RobotState.policy_state', msg.policy_state)
    return Proprioception(state, command, stamps.to_ns(msg.header.stamp))


def arm_positions(msg: JointState, model: str) -> np.ndarray | None:
    """[7] positions of an arm's joints, rad; None if the message is about others.

    Joints are found by their names as in the URDF of the robot, whatever comes before; if none is
    called so, the first seven count.

    Args:
        msg: May hold other joints, in any order.
        model: Name of the arm.

    Raises:
        DataError: A position is missing or not finite.
    """
    wanted = [f'{model}_joint{i + 1}' for i in range(JOINTS)]
    found = [[i for i, name in enumerate(msg.name) if name.endswith(end)] for end in wanted]
    if any(found):
        if any(len(places) != 1 for places in found):
            raise DataError(f'JointState has not every joint of the arm once ({wanted[0]} ...)')
        order = [places[0] for places in found]
    elif len(msg.position) >= JOINTS:
        order = list(range(JOINTS))
    else:
        return None
    if max(order) >= len(msg.position):
        raise DataError(f'JointState has {len(msg.name)} names and {len(msg.position)} positions')
    return finite('JointState.position', [msg.position[i] for i in order], (JOINTS,))


def joint_state_to_msg(
    names: Sequence[str], positions: np.ndarray, velocities: np.ndarray, stamp_ns: int
) -> JointState:
    """JointState of n joints: positions in rad or m, velocities in rad/s or m/s; no efforts."""
    n = len(names)
    return JointState(
        header=stamps.header(stamp_ns),
        name=list(names),
        position=finite('joint positions', positions, (n,)).tolist(),
        velocity=finite('joint velocities', velocities, (n,)).tolist(),
    )


def quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    """Axis-angle [3] in rad -> unit quaternion (x, y, z, w)."""
    angle = float(np.linalg.norm(rotation))
    # sin(a/2)/a, continued through 0 where it is 1/2
    factor = 0.5 * float(np.sinc(angle / (2.0 * np.pi)))
    x, y, z = (float(v) * factor for v in rotation)
    return x, y, z, float(np.cos(angle / 2.0))
