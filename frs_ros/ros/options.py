# SPDX-License-Identifier: Apache-2.0
"""Fields of a node's parameter dataclass. Without ROS, so that tables can be made of them."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from typing import Any

_KEY = 'parameter'


@dataclass(frozen=True)
class Meta:
    """What there is to know of a parameter besides its name, type and default.

    Attributes:
        description: One sentence with the unit, where it has one.
        low: Smallest valid number, None for no range.
        high: Largest valid number; set exactly if `low` is.
        choices: Valid words; empty for any.
        live: Whether it may be changed while the node runs.
    """

    description: str
    low: float | None = None
    high: float = 0.0
    choices: tuple[str, ...] = ()
    live: bool = False


def parameter(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float = 0.0,
    choices: tuple[str, ...] = (),
    live: bool = False,
) -> Any:
    """A dataclass field that is a ROS parameter; see `Meta`."""
    return field(default=default, metadata={_KEY: Meta(description, low, high, choices, live)})


def meta(of: Field) -> Meta:
    """The description of a field made by `parameter`."""
    return of.metadata[_KEY]
