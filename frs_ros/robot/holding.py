# SPDX-License-Identifier: Apache-2.0
"""How long the arm holds already, and the reason that is shown for it. Pure."""

from __future__ import annotations

STEADY = 1.0  # s for which a reason stays that is no longer true, unless it comes back


class Holding:
    """Notes since when the arm holds under control; steadies the reason.

    Two causes in turn, or one whose text changes with every chunk, would be many lines a second:
    the reason that is shown changes once it has not been true for `STEADY` s.
    """

    def __init__(self, stop_after: float) -> None:
        """Sets the time (s) after which holding becomes a stop."""
        self._stop_after = stop_after
        self._since: float | None = None
        self._shown, self._true_at = '', float('-inf')

    def forget(self) -> None:
        """Control has ended, or the operator has changed what goes on."""
        self._since, self._shown = None, ''

    def over(self) -> None:
        """The arm goes on."""
        self._since = None

    def reason(self, line: str, now: float) -> str:
        """The reason to show while `line` is the true one."""
        if line == self._shown or not self._shown or not 0 <= now - self._true_at < STEADY:
            self._shown, self._true_at = line, now
        return self._shown

    def overdue(self, now: float) -> bool:
        """Whether it has been held for too long; the first call begins the time."""
        if self._since is None or now < self._since:  # or the clock ran backwards
            self._since = now
        return now - self._since >= self._stop_after
