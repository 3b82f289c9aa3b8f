# SPDX-License-Identifier: Apache-2.0
"""Which input is silent for too long. Pure: it is told ages, it looks at no clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from frs_ros.errors import ConfigError


@dataclass(frozen=True)
class Silence:
    """An input that is silent for too long: reason to hold.

    Attributes:
        name: Of the input.
        age: s since it was last heard of; infinite if never or if nobody knows.
        limit: s that were allowed.
    """

    name: str
    age: float
    limit: float


class Watchdog:
    """Compares the ages of inputs with their limits.

    Args:
        limits: Name of the input -> longest silence, s.

    Raises:
        ConfigError: A limit is not a positive number.
    """

    def __init__(self, limits: Mapping[str, float]) -> None:
        for name, limit in limits.items():
            if not 0 < limit < math.inf:
                raise ConfigError(f'watchdog: the limit of {name} must be positive, not {limit}')
        self.limits = dict(limits)

    def silent(self, ages: Mapping[str, float]) -> Silence | None:
        """The oldest of the inputs that are silent for too long, None if all is well.

        An age that is missing or NaN, or so far in the future that the clock must have jumped,
        counts as infinite: freshness has to be known.
        """
        late = [
            Silence(name, age, limit)
            for name, limit in self.limits.items()
            if (age := _known(ages.get(name, math.nan), limit)) > limit
        ]
        return max(late, key=lambda silence: silence.age, default=None)


def _known(age: float, limit: float) -> float:
    return age if age >= -limit else math.inf
