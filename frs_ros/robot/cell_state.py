# SPDX-License-Identifier: Apache-2.0
"""Where the robot controller stands, and how it gets from one state to another. Pure."""

from __future__ import annotations

from enum import Enum

from frs_ros.errors import FrsError
from frs_ros.robot.base import Fault

RECOVER_HINT = 'remove the cause, call ~/recover, then ~/resume'
RESUME_HINT = 'call ~/resume'
WAIT_HINT = 'it goes on by itself'
CONNECT_HINT = 'configure and activate the node'
NOT_CONNECTED = 'not connected to the robot'
WAITING = 'waits for a chunk from the policy server'


class CellState(Enum):
    """As in msg/SafetyStatus.msg, with the same numbers."""

    DISCONNECTED = 0
    IDLE = 1
    ACTIVE = 2
    HOLD = 3
    STOPPED = 4
    FAULT = 5
    HOMING = 6


class NotNow(FrsError):
    """An operator's request that the present state does not allow; the line says what to do."""


class CellStateMachine:
    """The states of the controller. Faults latch: they end by `recover` and `resume` only.

        DISCONNECTED -connect-> IDLE <-start / end-> HOLD <-go / hold-> ACTIVE
        IDLE, STOPPED -home-> HOMING -homed-> IDLE or STOPPED
        HOLD, ACTIVE, HOMING -stop-> STOPPED -resume-> HOLD (IDLE between episodes)
        any but DISCONNECTED -fail-> FAULT -recover-> STOPPED

    Attributes:
        state: The present one.
        reason: Why it is not ACTIVE or IDLE, one line.
        resume_hint: What the operator has to do, one line.
        wanted: Whether the state is what the operator asked for.
        fault: The latched fault.
        episode: Whether an episode is going on.
        holds: Times that HOLD was entered from ACTIVE.
        stops: Times that STOPPED was entered by `stop`.
    """

    def __init__(self) -> None:
        self.state = CellState.DISCONNECTED
        self.reason, self.resume_hint = NOT_CONNECTED, CONNECT_HINT
        self.wanted = False
        self.fault: Fault | None = None
        self.episode = False
        self.holds = self.stops = 0
        self._after_fault = False  # recovered, and not resumed yet

    # ---- what the controller sees --------------------------------------------------------------

    def connected(self) -> None:
        """The robot is there, and at rest."""
        self._enter(CellState.IDLE)

    def disconnected(self) -> None:
        """The connection is given up."""
        self.episode, self.fault, self._after_fault = False, None, False
        self._enter(CellState.DISCONNECTED, NOT_CONNECTED, CONNECT_HINT, wanted=True)

    def go(self) -> None:
        """All inputs are fresh: HOLD ends."""
        if self.state is CellState.HOLD:
            self._enter(CellState.ACTIVE)

    def hold(self, reason: str) -> None:
        """An input is silent; repeated calls update the reason."""
        if self.state is CellState.ACTIVE:
            self.holds += 1
        if self.state in (CellState.ACTIVE, CellState.HOLD):
            self._enter(CellState.HOLD, reason, WAIT_HINT)

    def stop(self, reason: str, *, wanted: bool = False) -> bool:
        """Ends the motion until `resume`; whether that is new; `wanted` by the operator or not."""
        if self.state not in (CellState.ACTIVE, CellState.HOLD, CellState.HOMING):
            return False
        self.stops += 1
        self._enter(CellState.STOPPED, reason, RESUME_HINT, wanted=wanted)
        return True

    def fail(self, fault: Fault) -> bool:
        """Latches a fault; whether that is new. The first one stays."""
        if self.state in (CellState.FAULT, CellState.DISCONNECTED):
            return False
        self.fault = fault
        self._enter(CellState.FAULT, fault.text, RECOVER_HINT)
        return True

    def homed(self) -> None:
        """The start position is reached."""
        if self.state is CellState.HOMING:
            self._rest('at the start position')

    # ---- what the operator asks ----------------------------------------------------------------

    def start_episode(self) -> None:
        """An episode begins; motion waits for its first chunk.

        In STOPPED or FAULT it waits for `resume`, too.
        """
        if self.state is CellState.DISCONNECTED:
            raise NotNow('the controller is not connected to the robot')
        self.episode = True
        if self.state is CellState.IDLE:
            self._enter(CellState.HOLD, WAITING, WAIT_HINT)

    def end_episode(self) -> None:
        """The episode is over; STOPPED and FAULT stay."""
        self.episode = False
        if self.state in (CellState.ACTIVE, CellState.HOLD):
            self._enter(CellState.IDLE)

    def resume(self) -> None:
        """Ends STOPPED; NotNow elsewhere."""
        if self.state is CellState.FAULT:
            raise NotNow(f'a fault is latched ({self._fault_text()}): call ~/recover first')
        if self.state is not CellState.STOPPED:
            raise NotNow(f'nothing to resume: the controller is {self.state.name}')
        self._after_fault = False
        if self.episode:
            self._enter(CellState.HOLD, WAITING, WAIT_HINT)
        else:
            self._enter(CellState.IDLE)

    def recovered(self) -> None:
        """The driver has cleared the fault: FAULT becomes STOPPED, no motion yet."""
        if self.state is CellState.FAULT:
            text = self._fault_text()
            self.fault, self._after_fault = None, True
            self._enter(CellState.STOPPED, f'recovered from: {text}', RESUME_HINT, wanted=True)

    def home(self) -> None:
        """Begins to move to the start position; NotNow unless IDLE or STOPPED.

        Not after a fault without `resume`: nothing at all moves then.
        """
        if self.state is CellState.FAULT:
            raise NotNow(f'a fault is latched ({self._fault_text()}): call ~/recover first')
        if self.state is CellState.STOPPED and self._after_fault:
            raise NotNow(
                'after a fault nothing moves before ~/resume; end the episode first, then it does '
                'not go on'
            )
        if self.state not in (CellState.IDLE, CellState.STOPPED):
            raise NotNow(f'cannot home: the controller is {self.state.name}; call ~/hold first')
        self._enter(CellState.HOMING, 'moves to the start position', '~/hold stops it')

    def _rest(self, reason: str) -> None:
        if self.episode:
            self._enter(CellState.STOPPED, reason, RESUME_HINT, wanted=True)
        else:
            self._enter(CellState.IDLE)

    def _fault_text(self) -> str:
        return '' if self.fault is None else self.fault.text

    def _enter(
        self, state: CellState, reason: str = '', hint: str = '', *, wanted: bool = False
    ) -> None:
        self.state, self.reason, self.resume_hint, self.wanted = state, reason, hint, wanted
