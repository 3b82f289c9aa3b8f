# SPDX-License-Identifier: Apache-2.0
"""Actions at another rate, so that the arm goes the same way in the same time."""

from __future__ import annotations

import numpy as np


def steps(actions: np.ndarray, before_hz: float, after_hz: float, rows: int) -> np.ndarray:
    """[rows, d] steps that add up to the same motion as the steps [n, d]; then zeros.

    Rotations as axis-angle are added as if they commuted, which is right for small ones.
    """
    way = _at_ends(np.cumsum(actions, axis=0), 0 * actions[0], before_hz, after_hz, rows)
    return np.diff(way, axis=0)


def velocities(actions: np.ndarray, before_hz: float, after_hz: float, rows: int) -> np.ndarray:
    """[rows, d] mean velocities while each action lasts, from velocities [n, d]; then zeros."""
    return steps(actions / before_hz, before_hz, after_hz, rows) * after_hz


def positions(
    actions: np.ndarray, start: np.ndarray, before_hz: float, after_hz: float, rows: int
) -> np.ndarray:
    """[rows, d] positions on the straight lines from `start` [d] through [n, d]; then the last."""
    return _at_ends(actions, start, before_hz, after_hz, rows)[1:]


def held(actions: np.ndarray, before_hz: float, after_hz: float, rows: int) -> np.ndarray:
    """[rows, d] the value of [n, d] in force in the middle of each action; then the last."""
    middle = (np.arange(rows) + 0.5) / after_hz
    return np.asarray(actions[np.minimum((middle * before_hz).astype(int), len(actions) - 1)])


def _at_ends(
    values: np.ndarray, start: np.ndarray, before_hz: float, after_hz: float, rows: int
) -> np.ndarray:
    """[rows + 1, d] at the beginning and after each new action, of values after each old one."""
    known = np.concatenate([start[None], values])
    before = np.arange(len(known)) / before_hz
    after = np.arange(rows + 1) / after_hz
    columns = [np.interp(after, before, column) for column in known.T]
    return np.asarray(np.reshape(columns, (-1, rows + 1)).T)
