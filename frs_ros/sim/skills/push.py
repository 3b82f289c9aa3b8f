# SPDX-License-Identifier: Apache-2.0
"""Pushing: slides a flat thing over the table with closed fingers that press on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.placing import placement, pressed_at
from frs_ros.sim.skills.hand import CLOSE, DESCEND, TRANSIT, UP, Hand, Motion

_HOVER = 0.08  # m
_AHEAD = 0.03  # m ahead of the hand that it is drawn to
_ROUNDS, _STEPS = 4, 50
_ARRIVED = 0.012  # m
_LOST = 0.07  # m between hand and middle of the thing beyond which it was left behind


class PushExpert:
    """Fulfils a goal (on, thing, place on the table); iterate over `actions()`."""

    def __init__(self, env: LiberoEnv, goal: Sequence[str], hand: Hand) -> None:
        """Prepares.

        Args:
            env: The simulation, settled.
            goal: Such as (on, plate_1, main_table_stove_front_region).
            hand: The hand, anywhere.
        """
        self._env, self._goal, self._hand = env, tuple(goal), hand

    def actions(self) -> Iterator[np.ndarray]:
        """Actions [7]; ends when the thing is there, or has been lost too often."""
        hand = self._hand
        for _ in range(_ROUNDS):
            if np.linalg.norm(self._rest()) < _ARRIVED:
                return
            touch = pressed_at(self._vertices(), placement(self._env.world, self._goal).point)
            yield from hand.rise(touch[2] + _HOVER)
            hand.yaw, hand.gripper = 0.0, CLOSE
            yield from hand.go(touch + _HOVER * UP, TRANSIT)
            yield from hand.go(touch, DESCEND)
            yield from self._push(touch[2])
            yield from hand.go(hand.above(_HOVER), Motion(tolerance=0.02, limit=15))

    def _push(self, height: float) -> Iterator[np.ndarray]:
        hand = self._hand
        for _ in range(_STEPS):
            rest = self._rest()
            left = float(np.linalg.norm(rest))
            lost = np.linalg.norm(hand.here()[:2] - self._middle()) > _LOST
            if left < _ARRIVED or lost:
                return
            step = min(_AHEAD, left) / left * rest
            yield hand.towards(np.array([*(hand.here()[:2] + step), height]))

    def _vertices(self) -> np.ndarray:
        return self._env.world.vertices(self._goal[1])

    def _middle(self) -> np.ndarray:
        vertices = self._vertices()
        return np.asarray((vertices.max(0) + vertices.min(0))[:2] / 2)

    def _rest(self) -> np.ndarray:
        """[2] m: from the thing's middle to where it is to go."""
        return np.asarray(placement(self._env.world, self._goal).point - self._middle())
