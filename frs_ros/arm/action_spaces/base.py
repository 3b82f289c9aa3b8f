# SPDX-License-Identifier: Apache-2.0
"""The contract of an action space: from an action to joint positions to go for."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from frs_ros.arm.limits import JOINTS

CLOSED_ABOVE = 0.5  # of a joint space's gripper, 0 open .. 1 closed; as openpi's DROID client


class ActionSpaceExecutor(Protocol):
    """Reads actions of one of `frs_ros.types.ACTION_SPACES`.

    A ValueError says that an action or the joint positions are misshapen or not finite. Limits are
    no concern of an action space: the safety envelope comes after it.

    Attributes:
        integrates: Whether an action goes on from where the one before it leads, and not from
            where the arm is: a velocity would otherwise lose what the arm lags behind, each time.
    """

    integrates: bool

    @property
    def action_dim(self) -> int:
        """A, numbers per action."""
        ...

    def target(self, action: np.ndarray, measured: np.ndarray, period: float) -> np.ndarray:
        """[7] joint positions that the action asks for, rad.

        Args:
            action: [A] in the units of the space.
            measured: [7] joint positions when the action begins, rad; in a space that integrates,
                the target of the action before, if there was one.
            period: How long the action lasts, s.
        """
        ...

    def gripper(self, action: np.ndarray) -> bool:
        """Whether the action wants the gripper closed."""
        ...


def checked(what: str, values: np.ndarray, size: int) -> np.ndarray:
    """[size] float64; ValueError that names it if it is misshapen or not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or not np.isfinite(array).all():
        raise ValueError(f'{what} must be {size} finite numbers, not {array}')
    return array


class JointActions:
    """What the joint spaces share: joint_1 .. joint_7, gripper 0 open .. 1 closed."""

    action_dim = JOINTS + 1
    integrates = False

    def gripper(self, action: np.ndarray) -> bool:
        """Whether the action wants the gripper closed."""
        return bool(checked('action', action, self.action_dim)[JOINTS] > CLOSED_ABOVE)

    def joints(self, action: np.ndarray) -> np.ndarray:
        """[7] the action without its gripper."""
        return checked('action', action, self.action_dim)[:JOINTS]
