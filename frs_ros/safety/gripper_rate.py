# SPDX-License-Identifier: Apache-2.0
"""How often the gripper may change between open and closed: the hand is slow, and it wears."""

from __future__ import annotations

from dataclasses import dataclass

INTERVAL = 0.3  # s


@dataclass(frozen=True)
class GripperRate:
    """What the gripper was last told, and when that changed.

    The latest command wins: hand over the present one at every tick. One that comes too early is
    not kept, it just may still be the present one when its time has come.

    Attributes:
        closed: What it was told.
        changed_at: When that changed, s; minus infinity if it never did.
    """

    closed: bool = False
    changed_at: float = float('-inf')

    def after(self, closed: bool, now: float, interval: float = INTERVAL) -> GripperRate:
        """The gripper after the command for `closed` at time `now`.

        A time that is not a number changes nothing. A clock that was set back does not block the
        gripper until it has caught up: the waiting begins anew.

        Args:
            closed: Whether it shall be closed.
            now: s, same clock as always.
            interval: s between two changes at least.
        """
        then = self.at(now)
        if bool(closed) == self.closed or not then.free(now, interval):
            return then
        return GripperRate(bool(closed), now)

    def at(self, now: float) -> GripperRate:
        """The same, unless the clock was set back: then the waiting begins now."""
        return GripperRate(self.closed, now) if now < self.changed_at else self

    def free(self, now: float, interval: float = INTERVAL) -> bool:
        """Whether it may be told something at time `now`."""
        return now - self.changed_at >= interval
