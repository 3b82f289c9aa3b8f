# SPDX-License-Identifier: Apache-2.0
"""Contract of guidance, whatever kind it is: what steering methods know of it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from frs_ros.errors import ConfigError


class GuidanceError(ConfigError):
    """Guidance that this policy, arm or set of cameras cannot follow; it then acts unsteered."""


class Part(Enum):
    """What guidance can be about."""

    TRANSLATION = 'translation'
    ROTATION = 'rotation'
    GRIPPER = 'gripper'


class AnyGuidance(Protocol):
    """Guidance for the next chunk: a `Guidance`, a `Path`, a `GivenChunk`.

    How it is written for a policy is known to `references`.
    """

    @property
    def active(self) -> bool:
        """Whether there is anything to follow; otherwise the policy acts unsteered."""
        ...

    @property
    def parts(self) -> frozenset[Part]:
        """What it is about; all else is left to the policy."""
        ...

    @property
    def source(self) -> str:
        """Name of the source: 'keyboard', 'planner', ..."""
        ...

    @property
    def stamp_ns(self) -> int:
        """When the guidance was given, clock of the observation."""
        ...
