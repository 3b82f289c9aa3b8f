# SPDX-License-Identifier: Apache-2.0
"""Lockstep: the simulator stands still until its observation is answered, hence repeatable."""

from __future__ import annotations

from frs_ros.messages.plan import ActionChunk
from frs_ros.sim.runner import EpisodeRunner


class LockstepRunner(EpisodeRunner):
    """Executes the first actions of each chunk, then asks again, as `evaluation.episode` does."""

    def _follow(self, chunk: ActionChunk) -> None:
        for action in chunk.actions[: chunk.execute_steps]:
            if self._step(action):
                return
        self._ask()
