# SPDX-License-Identifier: Apache-2.0
"""What the driver needs of the topics of a controller, without ROS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from frs_ros.errors import FrsError

FORWARD, TARGET_JOINT = 'forward', 'target_joint'
TRAJECTORY, TARGET_POSE = 'trajectory', 'target_pose'
COMMANDS = (FORWARD, TARGET_JOINT, TRAJECTORY, TARGET_POSE)


class TransportError(FrsError):
    """A message could not be sent; the line says why."""


@dataclass(frozen=True)
class JointSample:
    """A message about joints, as it came: nothing of it is checked.

    Attributes:
        names: Of the joints, in the message's order.
        positions: rad, or m; empty if the message has none. The other two likewise.
        velocities: rad/s.
        efforts: Nm.
        stamp: The sender's time, s; 0 if it gives none.
        arrived: When it came, on the driver's clock, s.
    """

    names: tuple[str, ...]
    positions: Sequence[float]
    velocities: Sequence[float]
    efforts: Sequence[float]
    stamp: float
    arrived: float


@dataclass(frozen=True)
class ArraySample:
    """A message with one quantity: a wrench [6] or a pose [4, 4].

    Attributes:
        values: As it came.
        arrived: When it came, on the driver's clock, s.
    """

    values: np.ndarray
    arrived: float


@dataclass(frozen=True)
class Audience:
    """Who is on the topics of the command.

    Attributes:
        topic: The first of them.
        listeners: Number of subscribers that take the message's type.
        rivals: Nodes that publish there too.
        other_types: What further subscribers take instead.
    """

    topic: str
    listeners: int
    rivals: tuple[str, ...] = ()
    other_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What is asked of the controller.

    Attributes:
        q: [7] rad.
        pose: [4, 4] tool centre point in the base for the same joints; None unless it is needed.
    """

    q: np.ndarray
    pose: np.ndarray | None = None


class Transport(Protocol):
    """Topics of one arm. No call waits; every call may be made from any thread.

    Attributes:
        state_topic: Where joint states come from.
    """

    state_topic: str

    def open(self) -> None:
        """Subscribes and announces; DependencyError if messages for that are not installed."""
        ...

    def joints(self) -> Sequence[JointSample]:
        """What came about joints, fingers included, since the last call; oldest first."""
        ...

    def wrench(self) -> ArraySample | None:
        """The newest external wrench [6] on the tool (N, Nm), base axes; None if none came."""
        ...

    def torques(self) -> JointSample | None:
        """The newest external joint torques (as efforts); None if none came."""
        ...

    def pose(self) -> ArraySample | None:
        """The newest pose [4, 4] that the controller says its tool has; None if none came."""
        ...

    def audience(self) -> Audience:
        """Who listens to commands, and who else gives some."""
        ...

    def controller_joints(self) -> tuple[str, ...] | None:
        """What the controller says its joints are, in its order.

        None if it does not say, () while its answer may still come.
        """
        ...

    def send(self, target: Target) -> None:
        """Sends a command; TransportError if that cannot be."""
        ...

    def gripper(self, closed: bool) -> None:
        """Sends the fingers; never raises, see `gripper_line`."""
        ...

    @property
    def gripper_line(self) -> str:
        """What is wrong with the gripper, '' if nothing."""
        ...

    def close(self) -> None:
        """Ends all of that; idempotent, never raises."""
        ...
