# SPDX-License-Identifier: Apache-2.0
"""What to do about a camera that gives no images: wait, start it again, reset it.

A pure state machine: time comes as an argument, the two actions are functions that return at once.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable
from dataclasses import dataclass

STALE_PERIODS = 3  # frame periods without an image after which a camera is stale


@dataclass(frozen=True)
class Patience:
    """When to do what, s.

    Attributes:
        restart: Silence after which the pipeline is stopped and started; a pipeline that was just
            opened gets the same time for its first frame.
        reset: Silence after which the hardware is reset.
        settle: Time that a device needs after a reset until it can be found again.
        opening: Time that opening may take.
    """

    restart: float = 1.0
    reset: float = 3.0
    settle: float = 5.0
    opening: float = 5.0

    def at(self, period: float) -> Patience:
        """The same for a camera that is slow: no restart before it would be stale."""
        factor = max(1.0, STALE_PERIODS * period / self.restart)
        times = {name: factor * value for name, value in dataclasses.asdict(self).items()}
        return Patience(**times)


PATIENCE = Patience()


class State(enum.Enum):
    """What a camera is doing."""

    OPENING = 'opening'
    RUNNING = 'running'
    FAILED = 'failed'
    RESETTING = 'resetting'


class Ladder:
    """Climbs from patience over a restart to a hardware reset, and begins again.

    Args:
        period: Time between two frames, s.
        restart: Stops what is open, if anything, and opens the camera.
        reset: Resets the hardware; None if the camera cannot be reset: then it is restarted over
            and over.
        patience: When to do what.

    Attributes:
        state: What the camera is doing.
        recoveries: Restarts and resets so far.
    """

    def __init__(
        self,
        period: float,
        restart: Callable[[], None],
        reset: Callable[[], None] | None,
        patience: Patience = PATIENCE,
    ) -> None:
        self.state = State.OPENING
        self.recoveries = 0
        self._stale_after = STALE_PERIODS * period
        self._restart = restart
        self._reset = reset
        self._patience = patience.at(period)
        self._entered = 0.0  # when the state was entered
        self._last_frame = -math.inf
        self._round = 0.0  # when the silence began that is being climbed against
        self._restarted = False  # in this round
        self._tried = False  # anything, since the last frame

    def start(self, now: float) -> None:
        """Opens the camera for the first time."""
        self._round = now
        self._enter(State.OPENING, now)
        self._restart()

    def opened(self, now: float) -> None:
        """The pipeline runs; its first frame is due."""
        self._enter(State.RUNNING, now)

    def frame(self, now: float) -> None:
        """A frame has come: all is well."""
        if self.state is not State.RUNNING:
            self._enter(State.RUNNING, now)
        self._last_frame = self._round = now
        self._restarted = self._tried = False

    def failed(self, now: float) -> None:
        """Opening, reading or resetting has failed. A failed reset needs no settling."""
        if self.state is State.RESETTING:
            self._begin_round(now)
        self._enter(State.FAILED, now)

    def stale(self, now: float) -> bool:
        """Whether the newest image is too old to act upon; true before the first."""
        return now - self._last_frame >= self._stale_after

    def lost(self) -> bool:
        """Whether the camera counts as failed, not only as late."""
        return self._tried or self.state in (State.FAILED, State.RESETTING)

    def tick(self, now: float) -> None:
        """Acts if it is time to."""
        silent = now - self._round
        if now - self._entered < self._grace():
            return
        if self.state is State.RESETTING:
            self._begin_round(now)
            self._act(State.OPENING, self._restart, now)
        elif not self._restarted and silent >= self._patience.restart:
            if self._reset is None:
                self._begin_round(now)
            else:
                self._restarted = True
            self._act(State.OPENING, self._restart, now)
        elif self._reset is not None and silent >= self._patience.reset:
            self._act(State.RESETTING, self._reset, now)

    def _grace(self) -> float:
        """Time that the state has for itself, whatever the silence."""
        return {
            State.OPENING: self._patience.opening,
            State.RUNNING: self._patience.restart,
            State.FAILED: 0.0,
            State.RESETTING: self._patience.settle,
        }[self.state]

    def _begin_round(self, now: float) -> None:
        self._round, self._restarted = now, False

    def _act(self, state: State, action: Callable[[], None], now: float) -> None:
        self.recoveries += 1
        self._tried = True
        self._enter(state, now)
        action()

    def _enter(self, state: State, now: float) -> None:
        self.state, self._entered = state, now
