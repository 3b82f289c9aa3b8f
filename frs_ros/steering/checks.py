# SPDX-License-Identifier: Apache-2.0
"""Checks of what comes from outside: options of methods, and reference chunks."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.flow.arrays import to_numpy
from frs_ros.text import shown

MOST = 1024  # of samples or iterations: far more than helps, and still fits into memory


def number(name: str, value: object) -> float:
    """A finite number; ConfigError otherwise. Truth values are none."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.integer | np.floating)
        or not abs(value) <= sys.float_info.max  # nor is NaN
    ):
        raise ConfigError(f'{name} must be a number, not {shown(value)}')
    return float(value)


def fraction(name: str, value: object) -> float:
    """A number in [0, 1]; ConfigError otherwise."""
    if not 0 <= number(name, value) <= 1:
        raise ConfigError(f'{name} must be in [0, 1], not {shown(value)}')
    return number(name, value)


def positive(name: str, value: object) -> float:
    """A number above 0; ConfigError otherwise."""
    if not number(name, value) > 0:
        raise ConfigError(f'{name} must be a positive number, not {shown(value)}')
    return number(name, value)


def count(name: str, value: object) -> int:
    """A whole number from 1 to `MOST`; ConfigError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise ConfigError(f'{name} must be a whole number from 1 to {MOST}, not {shown(value)}')
    return value


def finite_reference(written: Any) -> np.ndarray:
    """[H, D] float64 of a reference [1, H, D]; ConfigError if a number is not finite."""
    reference: np.ndarray = to_numpy(written)[0]
    if not np.isfinite(reference).all():
        raise ConfigError('the reference chunk holds numbers that are not finite')
    return reference
