# SPDX-License-Identifier: Apache-2.0
"""What is seen of the arm and of its controller, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.limits import JOINTS
from frs_ros.arm.models import ArmModel
from frs_ros.robot.base import ArmState, Fault, FaultKind, RobotMode
from frs_ros.robot.topics.checks import pose_difference
from frs_ros.robot.topics.joints import JointReader, listed
from frs_ros.robot.topics.options import Options
from frs_ros.robot.topics.transport import TARGET_POSE, TRAJECTORY, Audience, Transport

SILENCE = 1.0  # s without a state after which it is a fault, as libfranka's time limit
LOOK = 0.1  # s between two looks at who is on the topics


class Watch:
    """Reads an open transport; not safe for several threads."""

    def __init__(
        self,
        options: Options,
        model: ArmModel,
        transport: Transport,
        kinematics: Kinematics,
        clock: Callable[[], float],
    ) -> None:
        """Has seen nothing yet."""
        self._options, self._transport = options, transport
        self._kinematics, self._clock = kinematics, clock
        self._reader = JointReader(
            options.joints, options.fingers, model.limits, transport.state_topic
        )
        self._audience: Audience | None = None
        self._looked = -math.inf

    def drain(self) -> None:
        """Takes in what has come since the last time.

        Of messages about the same joints only the newest: broadcasters send 1000 a second.
        """
        newest = {sample.names: sample for sample in self._transport.joints()}
        for sample in newest.values():
            self._reader.feed(sample)

    @property
    def q(self) -> np.ndarray:
        """[7] measured positions, rad."""
        return self._reader.q

    @property
    def contested(self) -> bool:
        """Whether another commander is there: to go on sending would only pull the arm about."""
        return self._audience is not None and bool(self._audience.rivals)

    def state(self, following: bool, closed: bool | None) -> ArmState:
        """The newest state.

        Args:
            following: Whether commands are sent.
            closed: What the fingers were told last, None if nothing.
        """
        reader = self._reader
        wrench, torques = self._transport.wrench(), self._transport.torques()
        return ArmState(
            time=reader.time,
            read_at=reader.arrived,
            q=reader.q,
            dq=reader.dq,
            pose=self._kinematics.pose(reader.q),
            tau_external=np.zeros(JOINTS) if torques is None else reader.efforts(torques),
            wrench_external=np.zeros(6) if wrench is None else wrench.values,
            mode=RobotMode.MOVE if following else RobotMode.IDLE,
            gripper_width=self._width(closed),
            gripper_line=self._transport.gripper_line,
        )

    def trouble(self, patience: float, *, starting: bool = False) -> Fault | None:
        """What is wrong with the topics, None if nothing.

        Args:
            patience: Greatest age of a state, s.
            starting: Whether motion is to begin: then everything is looked at anew.
        """
        if starting:
            self._looked = -math.inf
        kind, text = FaultKind.COMMUNICATION, self._silence(patience)
        if not text:
            kind, text = FaultKind.CONNECTION, self._company()
        if not text and starting:
            kind, text = FaultKind.REFUSED, self._other_joints()
        if not text and starting and self._options.command == TARGET_POSE:
            text = self._other_tool(patience)
        return Fault(kind, text, time=self._clock()) if text else None

    def _width(self, closed: bool | None) -> float:
        """m; what the fingers were told if the joint states do not tell, NaN before that."""
        options = self._options
        if options.fingers:
            opening = self._reader.fingers - options.finger_closed
            part = opening / (options.finger_open - options.finger_closed)
            return float(np.clip(part, 0.0, 1.0) * options.gripper_width)
        if closed is None or not options.gripper:
            return math.nan
        return 0.0 if closed else options.gripper_width

    def _silence(self, patience: float) -> str:
        now = self._clock()
        if now - self._reader.arrived > patience:
            return f'the robot is silent: {self._reader.silence()}'
        wanted = (
            ('wrench', self._options.wrench, self._transport.wrench()),
            ('torque', self._options.torques, self._transport.torques()),
        )
        for name, asked, newest in wanted:
            if asked and (newest is None or now - newest.arrived > SILENCE):
                return f'the robot is silent about contact: nothing new on the {name}_topic'
        return ''

    def _company(self) -> str:
        """What is wrong with who listens and who else commands; looked up now and then."""
        now = self._clock()
        if self._audience is None or now - self._looked >= LOOK:
            self._audience, self._looked = self._transport.audience(), now
        seen = self._audience
        if seen.rivals:
            return (
                f'{", ".join(seen.rivals[:4])} commands the arm too, on {seen.topic}; end it, '
                'then recover'
            )
        if seen.listeners == 0 and seen.other_types:
            return (
                f'the controller on {seen.topic} takes {", ".join(seen.other_types[:4])}; name '
                'the command that it takes (parameter command)'
            )
        if seen.listeners == 0:
            return (
                f'no controller listens on {seen.topic}; load and activate it, or name another '
                'topic (command, command_topic)'
            )
        return ''

    @property
    def asking(self) -> bool:
        """Whether a controller that listens has been asked for its joints and not answered yet."""
        return self._transport.controller_joints() == ()

    def _other_joints(self) -> str:
        """Most controllers take positions by order: another one would make the arm jump."""
        theirs, ours = self._transport.controller_joints(), self._options.joints
        if theirs is None or theirs == ours:
            return ''
        if not theirs:
            return 'the controller does not answer what its joints are'
        if sorted(theirs) == sorted(ours) and self._options.command == TRAJECTORY:
            return ''  # by name
        return (
            f'the joints of the controller are {listed(theirs)}, ours are {listed(ours)}; name '
            'the same in the same order (parameter joints)'
        )

    def _other_tool(self, patience: float) -> str:
        """A pose would make the arm jump if the controller meant another point of the tool."""
        theirs = self._transport.pose()
        if theirs is None or self._clock() - theirs.arrived > patience:
            return (
                'the controller does not say where its tool is, which must be compared before '
                'poses are sent (parameter pose_topic)'
            )
        difference = pose_difference(self._kinematics.pose(self._reader.q), theirs.values)
        if not difference:
            return ''
        return (
            f"the controller's tool and ours are {difference}; its frame must be the point "
            'between the fingertips (such as fr3_hand_tcp) in the base of the arm'
        )
