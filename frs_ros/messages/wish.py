# SPDX-License-Identifier: Apache-2.0
"""What steering methods know of a wish, whatever kind it is."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from frs_ros.errors import ConfigError


class WishError(ConfigError):
    """A wish that this policy, arm or set of cameras cannot follow: then nobody steers."""


class Part(Enum):
    """What a wish can speak of."""

    TRANSLATION = 'translation'
    ROTATION = 'rotation'
    GRIPPER = 'gripper'


class Wish(Protocol):
    """What somebody wants of the next chunk: a `Guidance`, a `Path`, a `GivenChunk`.

    How it is written for a policy is known to `references`.
    """

    @property
    def active(self) -> bool:
        """Whether there is anything to follow; otherwise the policy acts unsteered."""
        ...

    @property
    def parts(self) -> frozenset[Part]:
        """What it speaks of; all else is the policy's."""
        ...

    @property
    def source(self) -> str:
        """Who wishes: 'keyboard', 'planner', ..."""
        ...

    @property
    def stamp_ns(self) -> int:
        """When the wish was made, clock of the observation."""
        ...
