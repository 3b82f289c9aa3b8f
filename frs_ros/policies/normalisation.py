# SPDX-License-Identifier: Apache-2.0
"""Units <-> model space: quantile scaling of actions, standard scores of proprioception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

MIN_HALF_WIDTH = 0.05  # of an action's range: rotations hardly move, their noise is not a signal
MIN_STD = 0.02  # added to the spread of proprioception, for dimensions that stand still


@dataclass(frozen=True)
class Normalisation:
    """Constants of the scaling, all float32.

    Attributes:
        action_low: [A] action that becomes -1, in units.
        action_high: [A] action that becomes +1.
        proprio_mean: [P].
        proprio_std: [P].
    """

    action_low: np.ndarray
    action_high: np.ndarray
    proprio_mean: np.ndarray
    proprio_std: np.ndarray

    @classmethod
    def fit(cls, actions: np.ndarray, proprio: np.ndarray) -> Normalisation:
        """From training data: actions [N, A] in units (1 % and 99 % quantiles), proprio [M, P]."""
        low, high = np.quantile(actions, [0.01, 0.99], axis=0)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, MIN_HALF_WIDTH)
        return cls(
            action_low=(middle - half).astype(np.float32),
            action_high=(middle + half).astype(np.float32),
            proprio_mean=proprio.mean(0).astype(np.float32),
            proprio_std=(proprio.std(0) + MIN_STD).astype(np.float32),
        )

    def normalise_action(self, action: np.ndarray) -> np.ndarray:
        """[.., A] in units -> model space; the range of the data becomes [-1, 1]."""
        return 2 * (action - self.action_low) / (self.action_high - self.action_low) - 1

    def restore_action(self, action: np.ndarray) -> np.ndarray:
        """Inverse of `normalise_action`."""
        return (action + 1) / 2 * (self.action_high - self.action_low) + self.action_low

    def standardise(self, proprio: np.ndarray) -> np.ndarray:
        """[.., P] -> standard scores."""
        return (proprio - self.proprio_mean) / self.proprio_std

    def to_json(self) -> dict[str, list[float]]:
        """Plain lists for a JSON file."""
        return {name: value.tolist() for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, list[float]]) -> Normalisation:
        """Inverse of `to_json`; KeyError, TypeError or ValueError on bad data."""
        names = cls.__dataclass_fields__
        read = {name: np.asarray(data[name], dtype=np.float32) for name in names}
        for name, value in read.items():
            if value.ndim != 1 or not np.isfinite(value).all():
                raise ValueError(f'{name}: no list of finite numbers')
        made = cls(**read)
        if not (made.action_high > made.action_low).all() or not (made.proprio_std > 0).all():
            raise ValueError('action_low, action_high or proprio_std: an empty range')
        return made
