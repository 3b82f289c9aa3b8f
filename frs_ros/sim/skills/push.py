# SPDX-License-Identifier: Apache-2.0
"""Pushing: slides a flat thing over the table, the open fingers across the way behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.placing import behind, placement
from frs_ros.sim.skills.hand import DESCEND, OPEN, TRANSIT, UP, Hand, Motion

_HOVER = 0.1  # m
_BACK = 0.03  # m of room behind the thing
_AHEAD = 0.03  # m ahead of the hand that it is drawn to
_ROUNDS, _STEPS = 3, 60
_ARRIVED = 0.012  # m
_ASTRAY = 0.03  # m beside the straight way at which to take a new one


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
        """Actions [7]; ends when the thing is there, or has been missed too often."""
        for _ in range(_ROUNDS):
            if np.linalg.norm(self._rest()) < _ARRIVED:
                break
            yield from self._approach()
            yield from self._push()
            yield from self._hand.go(self._hand.above(_HOVER), Motion(tolerance=0.02, limit=15))

    def _approach(self) -> Iterator[np.ndarray]:
        hand, rest = self._hand, self._rest()
        way = rest / np.linalg.norm(rest)
        touch = behind(self._env.vertices(self._goal[1]), placement(self._env, self._goal).point)
        start = touch - _BACK * np.array([*way, 0.0])
        yield from hand.rise(start[2] + _HOVER)
        hand.gripper = OPEN
        hand.close_along(float(np.arctan2(way[1], way[0]) + np.pi / 2))
        yield from hand.go(start + _HOVER * UP, TRANSIT)
        yield from hand.go(start, DESCEND)

    def _push(self) -> Iterator[np.ndarray]:
        hand, rest, height = self._hand, self._rest(), self._hand.here()[2]
        way = rest / np.linalg.norm(rest)
        for _ in range(_STEPS):
            rest = self._rest()
            if rest @ way < _ARRIVED / 2 or np.linalg.norm(rest - (rest @ way) * way) > _ASTRAY:
                return
            # stay behind the thing: what is beside the line is made good by going there
            beside = self._middle() - hand.here()[:2]
            beside -= (beside @ way) * way
            step = min(_AHEAD, float(rest @ way) + 0.01) * way + beside
            yield hand.towards(np.array([*(hand.here()[:2] + step), height]))

    def _middle(self) -> np.ndarray:
        vertices = self._env.vertices(self._goal[1])
        return np.asarray((vertices.max(0) + vertices.min(0))[:2] / 2)

    def _rest(self) -> np.ndarray:
        """[2] m: from the thing's middle to where it is to go."""
        return np.asarray(placement(self._env, self._goal).point - self._middle())
