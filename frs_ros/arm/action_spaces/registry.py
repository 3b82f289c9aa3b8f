# SPDX-License-Identifier: Apache-2.0
"""Action spaces by the names that specs and messages use."""

from __future__ import annotations

from collections.abc import Callable

from frs_ros import types
from frs_ros.arm.action_spaces.base import ActionSpaceExecutor
from frs_ros.arm.action_spaces.cartesian_delta import CartesianDelta
from frs_ros.arm.action_spaces.joint_delta import JointDelta
from frs_ros.arm.action_spaces.joint_position import JointPosition
from frs_ros.arm.action_spaces.joint_velocity import JointVelocity
from frs_ros.arm.kinematics import Kinematics
from frs_ros.errors import ConfigError, choose

_JOINT_SPACES: dict[str, Callable[[], ActionSpaceExecutor]] = {
    types.JOINT_DELTA: JointDelta,
    types.JOINT_POSITION: JointPosition,
    types.JOINT_VELOCITY: JointVelocity,
}


def make_action_space(space: str, kinematics: Kinematics | None = None) -> ActionSpaceExecutor:
    """The executor of a space.

    Args:
        space: One of `frs_ros.types.ACTION_SPACES`.
        kinematics: Of the arm; joint spaces do without.

    Raises:
        ConfigError: There is no such space, or it needs kinematics and there are none.
    """
    choose('action space', space, types.ACTION_SPACES)
    if space in _JOINT_SPACES:
        return _JOINT_SPACES[space]()
    if kinematics is None:
        raise ConfigError(f"action space '{space}' needs the kinematics of the arm")
    return CartesianDelta(kinematics)
