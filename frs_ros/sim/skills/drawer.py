# SPDX-License-Identifier: Apache-2.0
"""Drawers: opened by their handle with a tilted hand, shut by a push against it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from frs_ros.sim.joints import bar
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.skills.hand import CLOSE, LOOSE, OPEN, UP, Hand, Motion

# Tilt of the hand from straight down (rad) and depth of the fingers beyond the middle of the
# handle (m) in successive attempts. A hand tilted more hits the table at low drawers, a hand
# tilted less the handles above.
_ATTEMPTS = ((1.05, 0.018), (1.05, 0.008), (0.9, 0.018), (0.8, 0.012))
_OPENED, _SHUT = 0.97, -0.04  # shares of the way to stop at; shut ones give a little
_BEFORE = 0.11  # m before the handle from which it is approached, along the hand
_PULL, _PUSH = 0.022, 0.05  # m ahead of the hand that it is drawn to


class DrawerExpert:
    """Opens or shuts a drawer; iterate over `actions()`."""

    def __init__(self, env: LiberoEnv, name: str, hand: Hand) -> None:
        """Prepares.

        Args:
            env: The simulation, settled.
            name: Region of the drawer, such as wooden_cabinet_1_top_region.
            hand: The hand, anywhere.
        """
        joint = env.world.joint(name)
        assert joint is not None
        self._env, self._hand, self._joint = env, hand, joint
        out = joint.axis(env.data) * (1, 1, 0)
        self._out = out / np.linalg.norm(out)
        self._across = np.cross(UP, self._out)

    def open(self) -> Iterator[np.ndarray]:
        """Actions [7] that pull the drawer open."""
        for tilt, depth in _ATTEMPTS:
            yield from self._pull(tilt, depth)
            yield from self._hand.hold(OPEN, 6)
            yield from self._leave(-self._along(tilt) * 0.1)
            if self._opening() > 0.8:
                return

    def close(self) -> Iterator[np.ndarray]:
        """Actions [7] that push the drawer shut with closed fingers."""
        hand = self._hand
        yield from hand.rise(self._bar()[2] + 0.18)
        self._turn(_ATTEMPTS[0][0])
        hand.gripper = CLOSE
        start = self._bar() + 0.06 * self._out
        yield from hand.go(start + 0.05 * self._out + 0.12 * UP, LOOSE)
        yield from hand.go(start, Motion(tolerance=0.015, limit=40))
        for _ in range(90):
            point = hand.here() - _PUSH * self._out
            yield hand.towards(np.array([*point[:2], self._bar()[2]]))
            if self._opening() < _SHUT:
                break
        yield from self._leave(0.08 * self._out)

    # ---- phases ---------------------------------------------------------------------------------

    def _pull(self, tilt: float, depth: float) -> Iterator[np.ndarray]:
        hand, along = self._hand, self._along(tilt)
        handle = self._bar()
        yield from hand.rise(handle[2] + 0.18)
        hand.gripper = OPEN
        self._turn(tilt)
        before = handle - _BEFORE * along + 0.03 * self._out
        yield from hand.go(before + 0.08 * UP, LOOSE)
        yield from hand.go(before, Motion(tolerance=0.012, turn_tolerance=0.1, limit=40))
        grasp = handle + depth * along
        yield from hand.go(grasp, Motion(tolerance=0.007, limit=30, speed=0.6))
        yield from hand.hold(CLOSE, 8)
        begun = self._opening()
        for step in range(70):
            yield hand.towards(np.array([*(hand.here() + _PULL * self._out)[:2], grasp[2]]))
            slipped = step == 14 and self._opening() - begun < 0.12
            if slipped or self._opening() > _OPENED:
                return

    def _leave(self, way: np.ndarray) -> Iterator[np.ndarray]:
        yield from self._hand.go(self._hand.here() + way, Motion(tolerance=0.02, limit=15))
        self._hand.tilt = None
        yield from self._hand.go(self._hand.above(0.15), Motion(tolerance=0.02, limit=20))

    # ---- geometry -------------------------------------------------------------------------------

    def _turn(self, tilt: float) -> None:
        """Sets fingers that close across the handle, and a gripper that leans out by `tilt`."""
        self._hand.close_along(float(np.arctan2(self._out[1], self._out[0])))
        self._hand.tilt = tilt * self._across

    def _along(self, tilt: float) -> np.ndarray:
        """Unit vector [3] from the wrist to the fingertips."""
        return np.asarray(-np.sin(tilt) * self._out - np.cos(tilt) * UP)

    def _bar(self) -> np.ndarray:
        return bar(self._env.model, self._env.data, self._joint)

    def _opening(self) -> float:
        return self._joint.opening(self._env.data)
