# SPDX-License-Identifier: Apache-2.0
"""Strict reading of a YAML mapping: every key is asked for, what is left over is a mistake."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from frs_ros.errors import ConfigError
from frs_ros.text import shown

T = TypeVar('T')
REQUIRED = object()
MOST = 1000  # numbers in a list, and the size of each


class Section:
    """One mapping of a file.

    Args:
        data: What YAML made of it.
        name: How messages call it, '' for the whole file.
    """

    def __init__(self, data: Any, name: str = '') -> None:
        if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
            raise ConfigError(f'{name or "the file"} must be a mapping of names to values')
        self._data, self._name = dict(data), name
        self._asked: list[str] = []

    def section(self, key: str) -> Section:
        """A mapping below this one."""
        return Section(self._take(key, REQUIRED), self._spell(key))

    def text(self, key: str, default: Any = REQUIRED, choices: Sequence[str] = ()) -> str:
        """A string, one of the choices if there are any."""
        value = self._take(key, default)
        if not isinstance(value, str) or (value == '' and default is REQUIRED):
            raise ConfigError(f'{self._spell(key)} must be a text, not {shown(value)}')
        if choices and value not in choices:
            raise ConfigError(
                f'{self._spell(key)} is {shown(value)}; choose one of: {", ".join(choices)}'
            )
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A finite number within [low, high]."""
        value = self._take(key, REQUIRED)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not (math.isfinite(value) and low <= value <= high):
            raise ConfigError(
                f'{self._spell(key)} must be a number in [{low:g}, {high:g}], not {shown(value)}'
            )
        return float(value)

    def whole(self, key: str, low: int, high: int, default: Any = REQUIRED) -> int:
        """An integer within [low, high]."""
        value = self._take(key, default)
        if not _is_whole(value) or not low <= value <= high:
            raise ConfigError(
                f'{self._spell(key)} must be a whole number in [{low}, {high}], not {shown(value)}'
            )
        return int(value)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of integers other than 0, empty if it is not given."""
        value = self._take(key, [])
        fine = isinstance(value, list) and len(value) <= MOST
        if not fine or not all(_is_whole(v) and v and abs(v) <= MOST for v in value):
            raise ConfigError(
                f'{self._spell(key)} must be a list such as [7, -1], not {shown(value)}'
            )
        return tuple(value)

    def mapping(self, key: str, kind: type[T]) -> dict[str, T]:
        """Names to values of one type; at least one, in the order of the file."""
        inner = self.section(key)
        data = inner._data
        good = all(isinstance(v, kind) and not isinstance(v, bool) and v for v in data.values())
        if not data or not good:
            raise ConfigError(
                f'{self._spell(key)} must map at least one name to a {kind.__name__}, '
                f'not {shown(data)}'
            )
        return data

    def done(self) -> None:
        """ConfigError if there is a key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                raise ConfigError(
                    f"unknown key '{self._spell(key)}'; known are: {', '.join(self._asked)}"
                )

    def _take(self, key: str, default: Any) -> Any:
        self._asked.append(key)
        value = self._data.get(key, default)
        if value is REQUIRED:
            raise ConfigError(f"key '{self._spell(key)}' is missing")
        return value

    def _spell(self, key: str) -> str:
        return f'{self._name}.{key}' if self._name else key


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
