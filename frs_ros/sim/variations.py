# SPDX-License-Identifier: Apache-2.0
"""Variations of a stock task: the same scene in another layout, or with another object to fetch.

The stock init states put each target at one place; these tell whether a policy follows the
instruction or remembers the place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.sim.layouts import shuffle_layout
from frs_ros.sim.libero import LiberoEnv
from frs_ros.sim.wording import instruction_for


class Variation:
    """A LIBERO task that `vary` changes after each reset; everything else is the task's own."""

    def __init__(self, env: LiberoEnv, vary: Callable[[LiberoEnv, int], None]) -> None:
        """Wraps `env`; `vary(env, init_id)` is called once the stock init state has settled."""
        self._env, self._vary = env, vary

    def reset(self, init_id: int) -> None:
        """Loads a stock init state and varies it."""
        self._env.reset(init_id)
        self._vary(self._env, init_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)


def shuffled(seed: int) -> Callable[[LiberoEnv, int], None]:
    """Objects elsewhere on the floor, another layout for each init state; see `sim.layouts`."""

    def vary(env: LiberoEnv, init_id: int) -> None:
        rng = np.random.default_rng(np.random.SeedSequence([seed, env.task_id, init_id]))
        if not shuffle_layout(env, rng):
            raise ConfigError(f'no free layout for task {env.task_id}; try another seed')

    return vary


def other_target(known: Callable[[str], bool]) -> Callable[[LiberoEnv, int], None]:
    """Another object of the scene, in turn by init state, among those whose name is known.

    Args:
        known: Whether the policy knows an instruction.
    """

    def vary(env: LiberoEnv, init_id: int) -> None:
        names = [n for n in env.object_names[:-1] if n != env.stock_goal[1]]
        names = [n for n in names if known(instruction_for(n))]
        if not names:
            raise ConfigError(f'the policy knows no other object in the scene of {env.task_id}')
        env.retarget(names[init_id % len(names)])

    return vary
