# SPDX-License-Identifier: Apache-2.0
"""What a check finds, the parts that findings belong to, and what the user asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is. `OK` is only said of what was looked at."""

    OK = 'ok'
    WARN = 'warn'  # works with a loss, or is not needed for what was asked
    FAIL = 'fail'
    SKIP = 'skip'  # could not or needed not be looked at; `what` says why


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        part: Part of the machine, see `PARTS`.
        name: What was looked at.
        level: How bad it is.
        what: What was found, in one line.
        fix: What to do about it, '' where nothing is to be done.
    """

    part: str
    name: str
    level: Level
    what: str
    fix: str = ''


# Part -> (what it is, who needs it: the simulator, the robot cell).
SIMULATOR, CELL = 'simulator', 'cell'
PARTS: dict[str, tuple[str, frozenset[str]]] = {
    'machine': ('disk and memory', frozenset({SIMULATOR, CELL})),
    'python': ('interpreter and libraries', frozenset({SIMULATOR, CELL})),
    'ros': ('ROS 2, its settings, our messages', frozenset({SIMULATOR, CELL})),
    'simulator': ('LIBERO and its images', frozenset({SIMULATOR})),
    'policy': ('PyTorch and the graphics card', frozenset({SIMULATOR})),
    'realtime': ('kernel, limits, processor', frozenset({CELL})),
    'arm': ('franky, the robot, franky-sim', frozenset({CELL})),
    'cameras': ('RealSense and USB cameras', frozenset({CELL})),
    'guidance': ('SpaceMouse', frozenset({CELL})),
}


class Part:
    """Words findings of one part: `part.ok('kernel', '...')`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ok(self, name: str, what: str) -> Finding:
        """Looked at, and as it should be."""
        return Finding(self.name, name, Level.OK, what)

    def warn(self, name: str, what: str, fix: str) -> Finding:
        """Works with a loss."""
        return Finding(self.name, name, Level.WARN, what, fix)

    def fail(self, name: str, what: str, fix: str) -> Finding:
        """Does not work."""
        return Finding(self.name, name, Level.FAIL, what, fix)

    def skip(self, name: str, what: str, fix: str = '') -> Finding:
        """Not looked at, and why."""
        return Finding(self.name, name, Level.SKIP, what, fix)


@dataclass(frozen=True)
class Options:
    """Options of the checks.

    Attributes:
        robot: Address of the robot to ask, '' for none.
        joint_states: Topic on which others that drive the arm publish its joint states, '' for
            none.
    """

    robot: str = ''
    joint_states: str = ''
