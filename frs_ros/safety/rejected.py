# SPDX-License-Identifier: Apache-2.0
"""The exception of the safety envelope."""

from __future__ import annotations


class Rejected(Exception):
    """An input that must not reach the robot; the message is one line that says why.

    Whoever catches it holds or stops the robot: there is no safe output.

    Attributes:
        reason: The line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
