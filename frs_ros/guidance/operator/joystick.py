# SPDX-License-Identifier: Apache-2.0
"""Which axis of a joystick means what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frs_ros.errors import ConfigError
from frs_ros.guidance.operator.mapper import AXES


@dataclass(frozen=True)
class JoystickLayout:
    """Axes of a joystick by meaning.

    Attributes:
        axes: Name from `AXES` -> index of the joystick's axis and sign, +1 or -1.
    """

    axes: Mapping[str, tuple[int, int]]

    @classmethod
    def parse(cls, text: str) -> JoystickLayout:
        """Reads 'x=1, y=0, z=-4' (z is axis 4 reversed); ConfigError names a wrong word."""
        axes = {}
        for word in text.split(','):
            name, _, number = (part.strip() for part in word.partition('='))
            digits = number.removeprefix('-')
            if name not in AXES or not re.fullmatch(r'[0-9]{1,3}', digits):
                raise ConfigError(
                    f"joystick axes '{text}': '{word.strip()}' is not NAME=INDEX or NAME=-INDEX "
                    f'with a name of {", ".join(AXES)}'
                )
            axes[name] = (int(digits), -1 if number != digits else 1)
        return cls(axes)

    def values(self, axes: Sequence[float]) -> list[float]:
        """The [6] deflections x .. yaw among the joystick's, 0 for those it does not have."""
        return [self._value(name, axes) for name in AXES]

    def missing(self, axes: Sequence[float]) -> list[str]:
        """Names that are laid out on axes the joystick lacks."""
        return [name for name, (index, _) in self.axes.items() if index >= len(axes)]

    def _value(self, name: str, axes: Sequence[float]) -> float:
        index, sign = self.axes.get(name, (len(axes), 1))
        return sign * axes[index] if index < len(axes) else 0.0
