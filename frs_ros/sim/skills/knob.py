# SPDX-License-Identifier: Apache-2.0
"""Knobs: held from above across their narrow side and turned with the hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from frs_ros.sim.goals import Goal
from frs_ros.sim.joints import knob
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.skills.hand import CLOSE, OPEN, Hand, Motion

_ABOVE = 0.1  # m
_STEP = 0.06  # rad per action
_STEPS = 40
_LAG = 0.6  # rad
_GRIPS = 2  # times that the knob is taken hold of: the wrist cannot turn all the way at once


class KnobExpert:
    """Turns a knob on or off; iterate over `actions()`."""

    def __init__(self, env: LiberoEnv, name: str, hand: Hand) -> None:
        """Prepares.

        Args:
            env: The simulation, settled.
            name: Of the furniture, such as flat_stove_1.
            hand: The hand, anywhere.
        """
        joint = env.world.joint(name)
        assert joint is not None
        self._env, self._name, self._hand, self._joint = env, name, hand, joint

    def turn_on(self) -> Iterator[np.ndarray]:
        """Actions [7]; ends when it is on, or does not turn."""
        return self._turn(('turnon', self._name), 1.0)

    def turn_off(self) -> Iterator[np.ndarray]:
        """Likewise."""
        return self._turn(('turnoff', self._name), -1.0)

    def _turn(self, goal: Goal, sense: float) -> Iterator[np.ndarray]:
        hand = self._hand
        sense *= float(np.sign(self._joint.axis(self._env.data)[2]))
        for _ in range(_GRIPS):
            if self._env.world.fulfilled(goal):
                return
            point, across = knob(self._env.model, self._env.data, self._joint)
            above = np.array([*point[:2], point[2] + _ABOVE])
            yield from hand.rise(above[2])
            hand.gripper = OPEN
            hand.close_along(across)
            yield from hand.go(above, Motion(tolerance=0.01))
            yield from hand.go(point, Motion(tolerance=0.006, limit=30, speed=0.6))
            yield from hand.hold(CLOSE, 8)
            for _ in range(_STEPS):
                # a wrist at its limit lags behind, and would come back the other way round
                if self._env.world.fulfilled(goal) or np.linalg.norm(hand.turn()) > _LAG:
                    break
                hand.yaw += sense * _STEP
                yield hand.towards(point)
            yield from hand.hold(OPEN, 6)
            yield from hand.go(hand.above(0.12), Motion(tolerance=0.02, limit=20))
            hand.yaw = float((hand.yaw + np.pi / 2) % np.pi - np.pi / 2)
