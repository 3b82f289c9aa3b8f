# SPDX-License-Identifier: Apache-2.0
"""The contract of a robot driver: a seven-joint arm with a gripper.

Positions in rad, velocities in rad/s, torques in Nm; poses map the tool centre point (between the
fingertips) to the robot base; a gripper width is the distance of the fingers in m.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np

from frs_ros.arm.limits import JOINTS, JointLimits
from frs_ros.errors import FrsError


class ControlMode(Enum):
    """How the robot follows commands."""

    IMPEDANCE = 'impedance'  # soft tracking of joint positions, as DROID; holds the last command
    VELOCITY = 'velocity'  # joint velocities with a dead-man: ramps to rest when not refreshed


class RobotMode(Enum):
    """What the robot says of itself, after libfranka's RobotMode."""

    IDLE = 'idle'
    MOVE = 'move'
    GUIDING = 'guiding'  # a person leads it by hand
    REFLEX = 'reflex'
    USER_STOPPED = 'user_stopped'
    RECOVERING = 'recovering'
    OTHER = 'other'


class FaultKind(Enum):
    """Why a driver has stopped to take commands."""

    CONNECTION = 'connection'  # could not connect, or another client holds the robot
    VERSION = 'version'  # library and robot server do not match
    REALTIME = 'realtime'  # the kernel is not a real-time one, and that was not allowed
    COMMUNICATION = 'communication'  # the robot went silent, or missed our packets
    REFLEX = 'reflex'  # the robot stopped itself: contact, joint or Cartesian limits
    USER_STOP = 'user_stop'  # someone pressed the stop button or leads the robot by hand
    REFUSED = 'refused'  # the robot or its library refused a motion
    LOST_CONTROL = 'lost_control'  # the motion ended without a reason we know
    PROGRAM = 'program'  # an exception that nobody expected, in a driver or in the controller


@dataclass(frozen=True)
class Fault:
    """A fault, kept until `recover`.

    Attributes:
        kind: See `FaultKind`.
        text: One line for the operator: what, and the fix.
        errors: The robot's own names of its errors, such as 'cartesian_reflex'.
        time: When it was noticed, on the driver's clock, s.
    """

    kind: FaultKind
    text: str
    errors: tuple[str, ...] = ()
    time: float = 0.0


class RobotError(FrsError):
    """A driver could not do what was asked.

    Attributes:
        fault: What is wrong; the message is its text.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


@dataclass(frozen=True)
class RobotInfo:
    """What is known of a robot once connected.

    Attributes:
        model: 'fr3' or 'panda'.
        limits: Those of the model, as the driver itself has them in force.
        urdf: Description from the robot, '' if it gives none.
        gripper_max_width: m; 0 without a gripper.
        simulated: Whether no real arm moves.
        smoothing: s over which the driver averages references before the arm gets them; 0 if it
            does not. The envelope keeps that much clearer.
        unfiltered: Whether references reach the joints as they are sent, without any filter of the
            robot's side.
        missing: Guards that this driver cannot give, one line each.
    """

    model: str
    limits: JointLimits
    urdf: str = ''
    gripper_max_width: float = 0.08
    simulated: bool = False
    smoothing: float = 0.0
    unfiltered: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArmState:
    """State of the arm at one instant.

    Attributes:
        time: Robot's own time, s; stands still when the robot is silent.
        read_at: Driver's clock when the robot's time last advanced, s.
        q: [7] joint positions.
        dq: [7] joint velocities.
        pose: [4, 4] tool centre point in the base.
        tau_external: [7] estimated external joint torques.
        wrench_external: [6] estimated external force (N) and torque (Nm) on the tool, base axes.
        mode: What the robot says of itself.
        errors: Names of its present errors.
        success_rate: Share of control messages received in time, NaN if unknown.
        gripper_width: m, NaN if unknown.
        gripper_line: What is wrong with the gripper, '' if nothing. Never a fault of the arm.
    """

    time: float
    read_at: float
    q: np.ndarray
    dq: np.ndarray
    pose: np.ndarray
    tau_external: np.ndarray = field(default_factory=lambda: np.zeros(JOINTS))
    wrench_external: np.ndarray = field(default_factory=lambda: np.zeros(6))
    mode: RobotMode = RobotMode.IDLE
    errors: tuple[str, ...] = ()
    success_rate: float = float('nan')
    gripper_width: float = float('nan')
    gripper_line: str = ''


@dataclass(frozen=True)
class JointCommand:
    """A reference for the arm, already filtered by the safety envelope.

    Attributes:
        q: [7] position reference.
        dq: [7] velocity reference; all that counts in `ControlMode.VELOCITY`.
    """

    q: np.ndarray
    dq: np.ndarray


class RobotDriver(Protocol):
    """Talks to one arm. Every call is bounded in time and may be made from any thread.

    Faults are sticky: after one, `fault` stays set and `start`, `command` and `gripper` raise a
    RobotError until `recover` has succeeded. `recover` is for the operator to ask for; a driver
    never recovers by itself.
    """

    def connect(self, timeout: float) -> RobotInfo:
        """Connects; RobotError (connection, version, realtime) with the fix if it cannot.

        Args:
            timeout: Seconds after which the attempt is given up, whatever the library does.
        """
        ...

    def read(self) -> ArmState:
        """The newest state; takes at most some milliseconds.

        A silent robot is no error here: its state's `time` and `read_at` stand still. What the
        state reveals (reflex, user stop, lost connection) sets `fault`.
        """
        ...

    def start(self, mode: ControlMode) -> None:
        """Begins to follow commands, at rest where the arm is; RobotError if it cannot."""
        ...

    def command(self, command: JointCommand) -> None:
        """Hands a reference over, without waiting for the robot; under 5 ms.

        Raises:
            RobotError: A fault is set, or control has not been started.
            ValueError: A number is not finite or a shape is wrong; nothing was sent.
        """
        ...

    def gripper(self, closed: bool) -> None:
        """Opens or closes without waiting; the latest command wins, repeating one does nothing."""
        ...

    def stop(self) -> None:
        """Ends the motion with a ramp; idempotent, never raises, safe from any thread."""
        ...

    def recover(self) -> None:
        """Clears the fault; RobotError if the cause is still there (or nothing is wrong: returns).

        Control has then to be started again.
        """
        ...

    def close(self) -> None:
        """Stops and disconnects; idempotent, never raises."""
        ...

    @property
    def fault(self) -> Fault | None:
        """The sticky fault, None if all is well."""
        ...
