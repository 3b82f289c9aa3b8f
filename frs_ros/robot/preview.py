# SPDX-License-Identifier: Apache-2.0
"""Where the tool would go if a chunk were executed to the letter: for displays."""

from __future__ import annotations

import numpy as np

from frs_ros.arm.action_spaces.cartesian_delta import STEP
from frs_ros.arm.action_spaces.registry import make_action_space
from frs_ros.arm.kinematics import Kinematics
from frs_ros.errors import ConfigError
from frs_ros.types import CARTESIAN_DELTA


def tool_path(
    actions: np.ndarray,
    space: str,
    control_hz: float,
    q: np.ndarray | None,
    pose: np.ndarray,
    kinematics: Kinematics | None,
) -> np.ndarray:
    """[H + 1, 3] positions of the tool centre point in the base, m, the first one of now.

    Each action is taken to reach its target before the next one begins. Real arms, soft ones above
    all, go a part of that way: it is the direction that the path shows.

    Args:
        actions: [H, A] in the units of the space.
        space: One of `frs_ros.types.ACTION_SPACES`.
        control_hz: Rate of the actions.
        q: [7] joint positions now, rad; Cartesian actions do without.
        pose: [4, 4] of the tool now; joint spaces ask the kinematics instead.
        kinematics: Of the arm; Cartesian actions do without.

    Raises:
        ConfigError: The space does not exist, or joints or kinematics are missing that it needs.
        ValueError: Actions or joints are misshapen or not finite.
    """
    if space == CARTESIAN_DELTA:
        return _straight(np.asarray(actions, dtype=np.float64), pose)
    executor = make_action_space(space, kinematics)
    if kinematics is None or q is None:
        raise ConfigError(f"a path of '{space}' needs joint positions and kinematics")
    joints, path = np.asarray(q, dtype=np.float64), [kinematics.pose(q)[:3, 3]]
    for action in actions:
        joints = executor.target(action, joints, 1 / control_hz)
        path.append(kinematics.pose(joints)[:3, 3])
    return np.array(path)


def _straight(actions: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """The sum of the steps, which needs no arm."""
    if actions.ndim != 2 or actions.shape[1] < 3 or not np.isfinite(actions).all():
        raise ValueError(f'actions must be finite, [H, A], not of shape {actions.shape}')
    steps = STEP * np.clip(actions[:, :3], -1, 1)
    way = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])
    return np.asarray(pose[:3, 3] + way)
