# SPDX-License-Identifier: Apache-2.0
"""Scripted expert with privileged state: reaches the goals in force, one skill after the other.

The expert is a generator of actions. It reads the simulation anew at each step, so whoever drives
it may disturb the executed actions (recovery noise) and still record the clean ones as labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from frs_ros.errors import DataError
from frs_ros.sim.goals import moves
from frs_ros.sim.grasp import ANY_WAY
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.placing import is_pushed
from frs_ros.sim.skills.drawer import DrawerExpert
from frs_ros.sim.skills.fetch import FetchExpert
from frs_ros.sim.skills.hand import Hand
from frs_ros.sim.skills.knob import KnobExpert
from frs_ros.sim.skills.push import PushExpert

__all__ = ['FetchExpert', 'TaskExpert']

LIFT = 0.1  # m; enough to clear the front of a drawer
INTEGRAL = 0.15  # see `Hand`
ROUNDS = 3  # times that one goal is tried


class TaskExpert:
    """Works at `env.goal` until all goals hold; iterate over `actions()`."""

    def __init__(self, env: LiberoEnv) -> None:
        """Takes the gripper's present orientation, snapped to straight down, as home."""
        self._env, self._hand = env, Hand(env, INTEGRAL)

    def actions(self) -> Iterator[np.ndarray]:
        """Actions [7] in units; ends when a goal has been tried too often.

        Raises:
            DataError: No skill reaches the goal, or no grasp exists.
        """
        tries: dict[tuple[str, ...], int] = {}
        while tries.get(self._env.goal, 0) < ROUNDS:
            goal = self._env.goal
            tries[goal] = tries.get(goal, 0) + 1
            self._hand.tilt = None
            yield from self._skill()

    def _skill(self) -> Iterator[np.ndarray]:
        """The actions of the skill that the goal at work asks for."""
        env, goal, hand = self._env, self._env.goal, self._hand
        if not moves(goal):
            if is_pushed(env.world, goal):
                return PushExpert(env, goal, hand).actions()
            return FetchExpert(env, goal, hand=hand, ways=ANY_WAY, lift=LIFT).actions()
        joint = env.world.joint(goal[1])
        assert joint is not None
        if goal[0] in ('turnon', 'turnoff'):
            knob = KnobExpert(env, goal[1], hand)
            return knob.turn_on() if goal[0] == 'turnon' else knob.turn_off()
        if not joint.slides:
            raise DataError('the expert cannot move doors')
        drawer = DrawerExpert(env, goal[1], hand)
        return drawer.open() if goal[0] == 'open' else drawer.close()
