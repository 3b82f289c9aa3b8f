# SPDX-License-Identifier: Apache-2.0
"""What the user told the doctor."""

from __future__ import annotations

from dataclasses import dataclass


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
