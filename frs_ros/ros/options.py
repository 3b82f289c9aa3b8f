# SPDX-License-Identifier: Apache-2.0
"""Fields of a node's parameter dataclass. Without ROS, so that tables can be made of them."""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from typing import Any, TypeVar, get_type_hints

from frs_ros.errors import ConfigError, choose

Parameters = TypeVar('Parameters')

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
    info: Meta = of.metadata[_KEY]
    return info


def validated(kind: type[Parameters], values: dict[str, Any]) -> Parameters:
    """An instance of `kind` with `values` over its defaults; ConfigError if one does not fit."""
    return kind(**{name: checked(kind, name, value) for name, value in values.items()})


def checked(kind: type, name: str, value: Any) -> Any:
    """One parameter of `kind` as its type; ConfigError if it does not fit by itself."""
    info = meta(kind.__dataclass_fields__[name])  # type: ignore[attr-defined]
    return _checked(name, value, get_type_hints(kind)[name], info)


def _checked(name: str, value: Any, kind: type, info: Meta) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)  # 5 for 5.0 on a command line or in YAML
    if kind is str and not isinstance(value, str) and isinstance(value, (int, float)):
        value = str(value)  # a name that looks like a number
    fits: bool = type(value) is kind  # not isinstance: a bool is no number here
    if not fits:
        raise ConfigError(
            f"parameter {name} must be {kind.__name__}, not '{value}' ({type(value).__name__})"
        )
    if info.choices:
        choose(name, value, info.choices)
    if info.low is not None and not info.low <= value <= info.high:
        raise ConfigError(
            f'parameter {name} is {value}; it must be within [{info.low}, {info.high}]'
        )
    return value
