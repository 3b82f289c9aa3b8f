# SPDX-License-Identifier: Apache-2.0
"""Checks of what comes from outside: options of methods, and reference chunks."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy


def number(name: str, value: object) -> float:
    """A finite number; ConfigError otherwise. Truth values are none."""
    if isinstance(value, bool) or not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ConfigError(f'{name} must be a number, not {value!r}')
    return float(value)


def fraction(name: str, value: object) -> float:
    """A number in [0, 1]; ConfigError otherwise."""
    if not 0 <= number(name, value) <= 1:
        raise ConfigError(f'{name} must be in [0, 1], not {value}')
    return number(name, value)


def positive(name: str, value: object) -> float:
    """A number above 0; ConfigError otherwise."""
    if not number(name, value) > 0:
        raise ConfigError(f'{name} must be a positive number, not {value}')
    return number(name, value)


def count(name: str, value: object) -> int:
    """A whole number from 1; ConfigError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f'{name} must be a whole number from 1, not {value!r}')
    return value


def switch(name: str, value: object) -> bool:
    """True or false; ConfigError otherwise."""
    if not isinstance(value, bool):
        raise ConfigError(f'{name} must be true or false, not {value!r}')
    return value


def finite_reference(written: Any) -> np.ndarray:
    """[H, D] float64 of a reference [1, H, D]; ConfigError if a number is not finite."""
    reference: np.ndarray = to_numpy(written)[0]
    if not np.isfinite(reference).all():
        raise ConfigError('the reference chunk holds numbers that are not finite')
    return reference
