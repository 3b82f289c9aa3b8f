# SPDX-License-Identifier: Apache-2.0
"""What may go wrong in the kinematic simulation, and when. Times are the robot's, in s."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that begins at one time and is over at another.

    Attributes:
        at: Begin.
        until: End; whatever is still wrong then needs `recover`.
    """

    at: float
    until: float = math.inf

    def active(self, time: float) -> bool:
        """Whether it is going on."""
        return self.at <= time < self.until


@dataclass(frozen=True)
class Reflex(Event):
    """The robot stops itself once, at `at`.

    Attributes:
        error: The robot's name of the reason.
    """

    error: str = 'cartesian_reflex'


@dataclass(frozen=True)
class CommunicationLoss(Event):
    """No state arrives and no command gets through, as with a pulled cable."""


@dataclass(frozen=True)
class SlowState(Event):
    """States arrive less often.

    Attributes:
        period: s between two states.
    """

    period: float = 0.1


@dataclass(frozen=True)
class StuckGripper(Event):
    """The fingers do not move."""


@dataclass(frozen=True)
class UserStop(Event):
    """The stop button is pressed."""


@dataclass(frozen=True)
class Push(Event):
    """Someone pushes the tool; it shows in the estimated wrench and does not move the arm.

    Attributes:
        force: N along the axes of the base.
    """

    force: tuple[float, float, float] = (0.0, 0.0, 0.0)
