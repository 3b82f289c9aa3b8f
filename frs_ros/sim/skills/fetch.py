# SPDX-License-Identifier: Apache-2.0
"""Fetching: grasps an object from above, carries it to a place and lets go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from frs_ros.sim import placing
from frs_ros.sim.grasp import UPRIGHT, Grasp, RimWays, fits, plan_grasp, plan_rim_grasp
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.skills.hand import CLIMB, CLOSE, DESCEND, LIFT, OPEN, TRANSIT, UP, Hand, Motion

ATTEMPTS = 3
_RETREAT = 0.2  # m


class FetchExpert:
    """Fulfils a goal (relation, object, destination); iterate over `actions()` until it holds."""

    def __init__(
        self,
        env: LiberoEnv,
        goal: Sequence[str],
        hover: float = 0.08,
        hand: Hand | None = None,
        ways: RimWays = UPRIGHT,
        lift: float = 0.06,
    ) -> None:
        """Prepares; nothing moves yet.

        Args:
            env: The simulation, settled.
            goal: Such as (in, milk_1, basket_1_contain_region).
            hover: Height above the object from which it is approached, m.
            hand: The hand if it has worked already; None for one at its home.
            ways: In which a rim may be held.
            lift: Least height to lift the object, m; 2 cm of it may be missing.
        """
        self._env, self._goal, self._target, self._hover = env, tuple(goal), goal[1], hover
        self._tried: tuple[float, ...] = ()
        self._hand, self._ways = hand or Hand(env), ways
        self._lift = lift

    def actions(self) -> Iterator[np.ndarray]:
        """Actions [7] in units; ends when the object is released or cannot be grasped."""
        bottom = self._env.world.vertices(self._target)[:, 2].min()
        half_height = self._env.world.position(self._target)[2] - bottom
        place = placing.placement(self._env.world, self._goal)
        carry_height = place.clear + half_height + 0.05
        for attempt in range(ATTEMPTS):
            yield from self._pick(attempt, carry_height)
            if self._object()[2] > bottom + half_height + 0.03:
                yield from self._place(place.support, carry_height)
                return
            yield from self._hand.hold(OPEN, 6)

    # ---- phases ---------------------------------------------------------------------------------

    def _pick(self, attempt: int, carry_height: float) -> Iterator[np.ndarray]:
        grasp = self._grasp(attempt)
        self._hand.gripper, self._hand.tilt = OPEN, None
        if grasp.lean:
            yield from self._pick_leaning(grasp)
            return
        top = max(grasp.top + self._hover, grasp.point[2] + self._hover + 0.02)
        above = np.array([*grasp.point[:2], top])
        here = self._hand.here()
        if here[2] < grasp.top + 0.02 and np.linalg.norm(here[:2] - above[:2]) > 0.012:
            yield from self._hand.go(np.array([*here[:2], top]), CLIMB)
        elif here[2] < top:  # already low beside the object: align at this height
            above[2] = max(here[2], grasp.point[2] + 0.02)
        self._hand.yaw = grasp.yaw
        yield from self._hand.go(above, TRANSIT)
        yield from self._hand.go(grasp.point, DESCEND)
        yield from self._hand.hold(CLOSE, 10)
        rise = max(self._lift, carry_height - self._object()[2])
        yield from self._hand.go(self._hand.above(rise), LIFT)

    def _pick_leaning(self, grasp: Grasp) -> Iterator[np.ndarray]:
        """Comes and leaves along the fingers, from beside what is above the object."""
        assert grasp.side is not None
        out = np.array([np.cos(grasp.side), np.sin(grasp.side), 0.0])
        before = grasp.point + _RETREAT * (np.sin(grasp.lean) * out + np.cos(grasp.lean) * UP)
        yield from self._hand.rise(before[2])
        self._hand.yaw, self._hand.tilt = grasp.yaw, grasp.lean * np.cross(UP, out)
        yield from self._hand.go(before, Motion(tolerance=0.02))
        yield from self._hand.go(grasp.point, Motion(tolerance=0.006, limit=40))
        yield from self._hand.hold(CLOSE, 10)
        yield from self._hand.go(before, Motion(tolerance=0.02, limit=25))

    def _grasp(self, attempt: int) -> Grasp:
        vertices = self._env.world.vertices(self._target)
        if fits(vertices, self._hand.closing_angle):
            return plan_grasp(vertices, self._hand.closing_angle, attempt)
        surroundings = replace(
            placing.hand(self._env.world, self._goal, self._tried),
            closing_angle=self._hand.closing_angle,
            ways=self._ways,
        )
        if self._ways is not UPRIGHT:
            support = placing.placement(self._env.world, self._goal).support
            surroundings = replace(surroundings, rise=support - vertices[:, 2].min())
        grasp = plan_rim_grasp(vertices, surroundings, attempt)
        assert grasp.side is not None
        self._tried += (grasp.side,)
        return grasp

    def _place(self, support: float, carry_height: float) -> Iterator[np.ndarray]:
        missing = max(0.0, carry_height - self._object()[2])
        yield from self._hand.go(self._hand.above(missing), Motion(tolerance=0.02, limit=25))
        height = self._hand.here()[2]
        goal = placing.placement(
            self._env.world, self._goal
        ).point  # a light plate may have been pushed
        for _ in range(90):
            error = goal - self._object()[:2]
            if np.linalg.norm(error) < 0.007:
                break
            yield self._hand.towards(np.array([*(self._hand.here()[:2] + error), height]))
        yield from self._lower(goal, support)
        yield from self._hand.hold(OPEN, 8)
        yield from self._hand.go(self._hand.above(0.1), Motion(tolerance=0.02, limit=14))
        self._hand.tilt = None

    def _lower(self, goal: np.ndarray, support: float) -> Iterator[np.ndarray]:
        """Lowers until the object is just above `support` or does not sink any further."""
        heights: list[float] = []
        for _ in range(60):
            gap = self._env.world.vertices(self._target)[:, 2].min() - support
            heights.append(self._hand.here()[2])
            stuck = len(heights) > 6 and heights[-7] - heights[-1] < 0.003
            if gap < 0.01 or stuck:
                return
            here = self._hand.here()
            error = goal - self._object()[:2]
            yield self._hand.towards(
                np.array([*(here[:2] + error), here[2] - np.clip(gap, 0.012, 0.03)])
            )

    def _object(self) -> np.ndarray:
        return self._env.world.position(self._target)
