# SPDX-License-Identifier: Apache-2.0
"""The hand of the scripted expert: proportional control towards poses, as streams of actions.

It reads the simulation anew at each step, so whoever drives it may disturb the executed actions
(recovery noise) and still record the clean ones as labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from frs_ros.sim.libero import LiberoEnv

OPEN, CLOSE = -1.0, 1.0
UP = np.array([0.0, 0.0, 1.0])
# Action scale of LIBERO's OSC_POSE controller.
METRES, RADIANS = 0.05, 0.5
_MAX_TURN = 0.6
_NEAR = 0.04  # m from where on errors are summed


@dataclass(frozen=True)
class Motion:
    """How `go` approaches a pose.

    Attributes:
        tolerance: Distance at which it has arrived, m.
        turn_tolerance: Likewise, rad.
        limit: Steps after which it goes on anyway.
        speed: Fraction of full speed.
        sums: Whether errors are summed, see `Hand`.
    """

    tolerance: float = 0.008
    turn_tolerance: float = 0.08
    limit: int = 60
    speed: float = 1.0
    sums: bool = False


TRANSIT = Motion(tolerance=0.012, sums=True)
CLIMB = Motion(tolerance=0.02, limit=20)
DESCEND = Motion(tolerance=0.006, limit=35, speed=0.7, sums=True)
LIFT = Motion(tolerance=0.02, limit=35)
LOOSE = Motion(tolerance=0.03, turn_tolerance=0.2)


class Hand:
    """The gripper and its desired orientation.

    Attributes:
        closing_angle: Direction in the xy plane in which the fingers close at yaw 0, rad.
        yaw: Desired rotation about the vertical from straight down, rad.
        tilt: Desired rotation after that, rotation vector [3] in base axes, rad; None for none.
        gripper: `OPEN` or `CLOSE`.
    """

    def __init__(self, env: LiberoEnv, integral: float = 0.0) -> None:
        """Takes the present orientation, snapped to straight down, as home.

        Args:
            env: The simulation.
            integral: Gain on the sum of the last errors, per step, of motions that sum them. Near
                the end of the arm's reach, proportional control stays centimetres away.
        """
        self._env, self._integral = env, integral
        self._home = _straight_down(env.world.gripper_pose()[1])
        self.closing_angle = env.world.closing_angle()
        self.yaw, self.gripper = 0.0, OPEN
        self.tilt: np.ndarray | None = None

    def close_along(self, angle: float) -> None:
        """Sets the yaw at which the fingers close along a direction in the xy plane, rad."""
        self.yaw = float((angle - self.closing_angle + np.pi / 2) % np.pi - np.pi / 2)

    def go(self, point: np.ndarray, motion: Motion = Motion()) -> Iterator[np.ndarray]:
        """Actions to a point [3] (m, world frame) in the desired orientation."""
        missed = np.zeros(3)
        for _ in range(motion.limit):
            error = point - self.here()
            far = np.linalg.norm(error) > motion.tolerance
            if not far and np.linalg.norm(self.turn()) < motion.turn_tolerance:
                return
            if motion.sums and np.linalg.norm(error) < _NEAR:
                missed += error
            yield self.towards(point + self._integral * missed, motion.speed)

    def rise(self, height: float, motion: Motion = CLIMB) -> Iterator[np.ndarray]:
        """Actions straight up to a height (m) unless the hand is there already."""
        here = self.here()
        if here[2] < height:
            yield from self.go(np.array([*here[:2], height]), motion)

    def hold(self, gripper: float, steps: int) -> Iterator[np.ndarray]:
        """Actions that open or close the fingers in place."""
        self.gripper = gripper
        point = self.here()
        for _ in range(steps):
            yield self.towards(point)

    def towards(self, point: np.ndarray, speed: float = 1.0) -> np.ndarray:
        """One action [7] of proportional control towards a point in the desired orientation."""
        move = np.clip((point - self.here()) / METRES, -speed, speed)
        turn = np.clip(self.turn() / RADIANS, -_MAX_TURN, _MAX_TURN)
        return np.asarray(np.concatenate([move, turn, [self.gripper]]))

    def here(self) -> np.ndarray:
        """[3] m: where the grasp site is."""
        return self._env.world.gripper_pose()[0]

    def above(self, height: float) -> np.ndarray:
        """[3] m: that far above where it is."""
        return np.asarray(self.here() + height * UP)

    def turn(self) -> np.ndarray:
        """Rotation vector [3] (rad, base axes) from the present to the desired orientation."""
        desired = Rotation.from_euler('z', self.yaw).as_matrix() @ self._home
        if self.tilt is not None:
            desired = Rotation.from_rotvec(self.tilt).as_matrix() @ desired
        turn = Rotation.from_matrix(desired @ self._env.world.gripper_pose()[1].T)
        return np.asarray(turn.as_rotvec())


def _straight_down(matrix: np.ndarray) -> np.ndarray:
    """Nearest orientation [3, 3] that points down with its x axis along a base axis."""
    angle = np.round(np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)) * (np.pi / 2)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0], [s, -c, 0], [0, 0, -1.0]])
