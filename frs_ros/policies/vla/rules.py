# SPDX-License-Identifier: Apache-2.0
"""Units <-> model space as a checkpoint's own transforms have it: relative, scaled, padded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from frs_ros.errors import ConfigError

NONE = 'none'
# Kind of normalisation -> names of its two statistics.
KINDS = {
    'quantiles': ('q01', 'q99'),  # become -1 and 1, nothing is clipped
    'mean_std': ('mean', 'std'),  # standard scores
    'min_max': ('min', 'max'),  # become -1 and 1
    NONE: (),
}
# A narrower range is a dimension that never moved; the stacks divide by about 1e-6 there.
MIN_SCALE = 1e-5
FAR = 20.0  # in model space, where training has seen about -1 to 1


@dataclass(frozen=True)
class ActionRules:
    """From the actions of a robot to the model's and back.

    In this order: dimensions that the model knows relative to the state at the time of planning
    lose it (openpi's `DeltaActions`), (x - offset) / scale, zeros up to the model's width.

    Attributes:
        offset: [A] in units.
        scale: [A] in units; below `MIN_SCALE` for dimensions that did not move in training.
        relative: [A] whether the state's number of the same place is taken off.
        model_dim: D >= A.
    """

    offset: np.ndarray
    scale: np.ndarray
    relative: np.ndarray
    model_dim: int

    def to_model(self, chunk: np.ndarray, state: np.ndarray) -> np.ndarray:
        """[.., H, A] in units, state [S] -> [.., H, D] float64.

        What never moved in training is 0, as no other number would be within the model's world.
        """
        moved = self.scale >= MIN_SCALE
        scaled = (np.asarray(chunk, dtype=np.float64) - self._start(state) - self.offset) / (
            np.where(moved, self.scale, 1.0)
        )
        padding = [(0, 0)] * (scaled.ndim - 1) + [(0, self.model_dim - len(self.scale))]
        return np.pad(np.where(moved, scaled, 0.0), padding)

    def from_model(self, x: np.ndarray, state: np.ndarray) -> np.ndarray:
        """[.., H, D], state [S] -> [.., H, A] float64 in units."""
        actions = np.asarray(x, dtype=np.float64)[..., : len(self.scale)]
        return np.asarray(actions * self.scale + self.offset + self._start(state))

    def narrow(self) -> list[int]:
        """Dimensions that hardly moved in training: one unit of them is farther than `FAR`."""
        far = (self.scale >= MIN_SCALE) & (self.scale * FAR < 1.0)
        return [int(i) for i in np.flatnonzero(far)]

    def _start(self, state: np.ndarray) -> np.ndarray:
        if not self.relative.any():
            return np.zeros(len(self.relative))
        state = np.asarray(state, dtype=np.float64)
        return np.where(self.relative, state[: len(self.relative)], 0.0)


def delta_mask(groups: tuple[int, ...], action_dim: int) -> np.ndarray:
    """[A] bool from openpi's way of writing it: 7, -1 is seven relative ones, then an absolute.

    Raises:
        ConfigError: More dimensions than there are actions.
    """
    mask = np.concatenate([np.full(abs(n), n > 0) for n in groups] or [np.zeros(0, bool)])
    if len(mask) > action_dim:
        raise ConfigError(f'delta {list(groups)} speaks of {len(mask)} of {action_dim} dimensions')
    return np.pad(mask, (0, action_dim - len(mask)))


def action_rules(
    kind: str,
    statistics: Mapping[str, np.ndarray],
    epsilon: float,
    relative: np.ndarray,
    model_dim: int,
) -> ActionRules:
    """The rules for A = len(relative) dimensions.

    Args:
        kind: A key of `KINDS`.
        statistics: Name -> [A or more] numbers.
        epsilon: What the stack adds to the range or deviation.
        relative: [A] bool.
        model_dim: D.

    Raises:
        ConfigError: A statistic is missing, short, not finite, or a range is negative.
    """
    count = len(relative)
    if kind == NONE:
        return ActionRules(np.zeros(count), np.ones(count), relative, model_dim)
    first, second = (_statistic(statistics, name, count) for name in KINDS[kind])
    if kind == 'mean_std':
        offset, width, scale = first, second, second + epsilon
    else:
        width = (second - first) / 2
        scale = width + epsilon / 2
        offset = first + scale
    if (width < 0).any():
        raise ConfigError(f'normalisation {kind}: {" and ".join(KINDS[kind])} make no range')
    return ActionRules(offset, scale, relative, model_dim)


def _statistic(statistics: Mapping[str, np.ndarray], name: str, count: int) -> np.ndarray:
    values = statistics.get(name)
    if values is None:
        raise ConfigError(f'there is no {name} for the actions, only {", ".join(statistics)}')
    if values.ndim != 1 or len(values) < count or not np.isfinite(values[:count]).all():
        raise ConfigError(f'{name} of the actions must be {count} finite numbers')
    return values[:count].astype(np.float64)
