# SPDX-License-Identifier: Apache-2.0
"""Real time: one action per control period, whether there is a fresh chunk or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from frs_ros.messages.plan import ActionChunk
from frs_ros.sim.runner import EpisodeRunner

LEAD = 2  # actions before the end of the executed part at which the next chunk is asked for


class RealtimeRunner(EpisodeRunner):
    """Asks for the next chunk early; the actions that its making took are skipped.

    While an answer is late, the rest of the chunk's horizon is executed, then the robot holds: no
    motion, gripper as last commanded. Held steps count. An episode starts to move with its first
    chunk.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._chunk: ActionChunk | None = None
        self._chunk_start = 0  # step number of the chunk's first action

    def on_period(self) -> None:
        """One control period passed; call it at the control rate."""
        if self.finished or self._blocked or self._chunk is None:
            return
        index = self._steps - self._chunk_start
        held = index >= len(self._chunk.actions)
        if self._step(self._hold() if held else self._chunk.actions[index]):
            return
        if self._pending is None and index + 1 >= self._chunk.execute_steps - LEAD:
            self._asked_step = self._steps
            self._ask()

    def _begin(self, job: Any) -> None:
        self._chunk = None
        self._asked_step = 0
        super()._begin(job)

    def _follow(self, chunk: ActionChunk) -> None:
        self._chunk, self._chunk_start = chunk, self._asked_step

    def _hold(self) -> np.ndarray:
        action = np.zeros(7)
        action[6] = self._world.gripper_command
        return action
