# SPDX-License-Identifier: Apache-2.0
"""How an arm with controllers of its own is reached."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.arm.limits import JOINTS
from frs_ros.errors import ConfigError
from frs_ros.robot.topics.transport import FORWARD


@dataclass(frozen=True)
class Options:
    """How an arm is reached.

    Attributes:
        joints: Names of its seven joints, in order.
        command: One of `transport.COMMANDS`: what the controller takes.
        deceleration: rad/s^2, of the ramp to rest.
        smoothing: s over which references are averaged before they are sent; 0: not at all.
        wrench: Whether external wrenches are to come.
        torques: Whether external joint torques are to come.
        gripper: Whether there is one that takes commands.
        fingers: Names of its joints in the joint states; empty if they do not tell.
        finger_open: Position of these joints when open.
        finger_closed: The same when closed.
        gripper_width: Distance of the fingers when open, m.
    """

    joints: tuple[str, ...]
    command: str = FORWARD
    deceleration: float = 2.5
    smoothing: float = 0.03
    wrench: bool = False
    torques: bool = False
    gripper: bool = False
    fingers: tuple[str, ...] = ()
    finger_open: float = 0.04
    finger_closed: float = 0.0
    gripper_width: float = 0.08


def joint_names(text: str, model: str) -> tuple[str, ...]:
    """The names of the seven joints in the order of the arm.

    Args:
        text: Seven names with commas between them; or one with a # for the number of the joint;
            '' for '<model>_joint#'.
        model: Name of the arm.

    Raises:
        ConfigError: They are not seven different names.
    """
    text = text.strip() or f'{model}_joint#'
    if '#' in text:
        return tuple(text.replace('#', str(i + 1)) for i in range(JOINTS))
    names = tuple(name.strip() for name in text.split(',') if name.strip())
    if len(set(names)) != JOINTS or len(names) != JOINTS:
        raise ConfigError(
            f'joints must be {JOINTS} different names with commas between them, or one with a # '
            f"for the number such as '{model}_joint#', not '{text[:100]}'"
        )
    return names
