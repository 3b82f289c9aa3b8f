# SPDX-License-Identifier: Apache-2.0
"""Scripted expert with privileged state: fetches an object and puts it where a goal wants it.

The expert is a generator of actions. It reads the simulation anew at each step, so whoever drives
it may disturb the executed actions (recovery noise) and still record the clean ones as labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from frs_ros.sim.grasp import Grasp, fits, plan_grasp, plan_rim_grasp
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.placing import hand, placement

OPEN, CLOSE = -1.0, 1.0
ATTEMPTS = 3
# Action scale of LIBERO's OSC_POSE controller.
METRES, RADIANS = 0.05, 0.5
_MAX_TURN = 0.6


@dataclass(frozen=True)
class _Motion:
    """How `_go` approaches a pose: tolerances (m, rad), step limit, fraction of full speed."""

    tolerance: float = 0.008
    turn_tolerance: float = 0.08
    limit: int = 60
    speed: float = 1.0


_TRANSIT = _Motion(tolerance=0.012)
_CLIMB = _Motion(tolerance=0.02, limit=20)
_DESCEND = _Motion(tolerance=0.006, limit=35, speed=0.7)
_LIFT = _Motion(tolerance=0.02, limit=35)


class FetchExpert:
    """Fulfils a goal (relation, object, destination); iterate over `actions()` until it holds."""

    def __init__(self, env: LiberoEnv, goal: Sequence[str], hover: float = 0.08) -> None:
        """Takes the gripper's present orientation, snapped to straight down, as home.

        Args:
            env: The simulation, settled.
            goal: Such as (in, milk_1, basket_1_contain_region).
            hover: Height above the object from which it is approached, m.
        """
        self._env, self._goal, self._target, self._hover = env, tuple(goal), goal[1], hover
        self._tried: tuple[float, ...] = ()
        self._home = _straight_down(env.gripper_pose()[1])
        self._closing_angle = env.closing_angle()
        self._yaw, self._gripper = 0.0, OPEN

    def actions(self) -> Iterator[np.ndarray]:
        """Actions [7] in units; ends when the object is released or cannot be grasped."""
        bottom = self._env.vertices(self._target)[:, 2].min()
        half_height = self._env.position(self._target)[2] - bottom
        place = placement(self._env, self._goal)
        carry_height = place.clear + half_height + 0.05
        for attempt in range(ATTEMPTS):
            yield from self._pick(attempt, carry_height)
            if self._object()[2] > bottom + half_height + 0.03:
                yield from self._place(place.support, carry_height)
                return
            yield from self._hold(OPEN, 6)

    # ---- phases ---------------------------------------------------------------------------------

    def _pick(self, attempt: int, carry_height: float) -> Iterator[np.ndarray]:
        grasp = self._grasp(attempt)
        self._gripper = OPEN
        top = max(grasp.top + self._hover, grasp.point[2] + self._hover + 0.02)
        above = np.array([*grasp.point[:2], top])
        here = self._here()
        if here[2] < grasp.top + 0.02 and np.linalg.norm(here[:2] - above[:2]) > 0.012:
            yield from self._go(np.array([*here[:2], top]), _CLIMB)
        elif here[2] < top:  # already low beside the object: align at this height
            above[2] = max(here[2], grasp.point[2] + 0.02)
        self._yaw = grasp.yaw
        yield from self._go(above, _TRANSIT)
        yield from self._go(grasp.point, _DESCEND)
        yield from self._hold(CLOSE, 10)
        rise = max(0.06, carry_height - self._object()[2])
        yield from self._go(self._above(rise), _LIFT)

    def _grasp(self, attempt: int) -> Grasp:
        vertices = self._env.vertices(self._target)
        if fits(vertices, self._closing_angle):
            return plan_grasp(vertices, self._closing_angle, attempt)
        surroundings = replace(
            hand(self._env, self._goal, self._tried), closing_angle=self._closing_angle
        )
        grasp = plan_rim_grasp(vertices, surroundings, attempt)
        assert grasp.side is not None
        self._tried += (grasp.side,)
        return grasp

    def _place(self, support: float, carry_height: float) -> Iterator[np.ndarray]:
        missing = max(0.0, carry_height - self._object()[2])
        yield from self._go(self._above(missing), _Motion(tolerance=0.02, limit=25))
        height = self._here()[2]
        goal = placement(self._env, self._goal).point  # a light plate may have been pushed
        for _ in range(90):
            error = goal - self._object()[:2]
            if np.linalg.norm(error) < 0.007:
                break
            yield self._towards(np.array([*(self._here()[:2] + error), height]))
        yield from self._lower(goal, support)
        yield from self._hold(OPEN, 8)
        yield from self._go(self._above(0.1), _Motion(tolerance=0.02, limit=14))

    def _lower(self, goal: np.ndarray, support: float) -> Iterator[np.ndarray]:
        """Lowers until the object is just above `support` or does not sink any further."""
        heights: list[float] = []
        for _ in range(60):
            gap = self._env.vertices(self._target)[:, 2].min() - support
            heights.append(self._here()[2])
            stuck = len(heights) > 6 and heights[-7] - heights[-1] < 0.003
            if gap < 0.01 or stuck:
                return
            here = self._here()
            error = goal - self._object()[:2]
            yield self._towards(
                np.array([*(here[:2] + error), here[2] - np.clip(gap, 0.012, 0.03)])
            )

    # ---- primitives -----------------------------------------------------------------------------

    def _go(self, point: np.ndarray, motion: _Motion) -> Iterator[np.ndarray]:
        for _ in range(motion.limit):
            far = np.linalg.norm(point - self._here()) > motion.tolerance
            if not far and np.linalg.norm(self._turn()) < motion.turn_tolerance:
                return
            yield self._towards(point, motion.speed)

    def _hold(self, gripper: float, steps: int) -> Iterator[np.ndarray]:
        self._gripper = gripper
        point = self._here()
        for _ in range(steps):
            yield self._towards(point)

    def _towards(self, point: np.ndarray, speed: float = 1.0) -> np.ndarray:
        """One action [7] of proportional control towards a point at the wished yaw."""
        move = np.clip((point - self._here()) / METRES, -speed, speed)
        turn = np.clip(self._turn() / RADIANS, -_MAX_TURN, _MAX_TURN)
        return np.concatenate([move, turn, [self._gripper]])

    def _turn(self) -> np.ndarray:
        """Rotation vector [3] (rad, base axes) from the present to the wished orientation."""
        wished = Rotation.from_euler('z', self._yaw).as_matrix() @ self._home
        return Rotation.from_matrix(wished @ self._env.gripper_pose()[1].T).as_rotvec()

    def _here(self) -> np.ndarray:
        return self._env.gripper_pose()[0]

    def _above(self, height: float) -> np.ndarray:
        return self._here() + np.array([0.0, 0.0, height])

    def _object(self) -> np.ndarray:
        return self._env.position(self._target)


def _straight_down(matrix: np.ndarray) -> np.ndarray:
    """Nearest orientation [3, 3] that points down with its x axis along a base axis."""
    angle = np.round(np.arctan2(matrix[1, 0], matrix[0, 0]) / (np.pi / 2)) * (np.pi / 2)
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, s, 0], [s, -c, 0], [0, 0, -1.0]])
