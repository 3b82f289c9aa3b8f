# SPDX-License-Identifier: Apache-2.0
"""An observation under the names that a stack's own preprocessing expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.policies import images
from frs_ros.policies.vla.settings import VlaSettings
from frs_ros.types import Observation


@dataclass(frozen=True)
class Inputs:
    """What the stack is fed, from the parameter file.

    Attributes:
        settings: Names of cameras, parts of the state and the instruction.
    """

    settings: VlaSettings

    @property
    def state_dim(self) -> int:
        """How many numbers of the state are used: all of them."""
        return sum(self.settings.state.values())

    def __call__(self, observation: Observation) -> dict[str, Any]:
        """Input name -> image [h, w, 3] uint8, state [n] float32 or instruction.

        Images keep their size: the stacks resize as they did in training, borders included.

        Raises:
            ConfigError: An image is missing or misshapen, or the state is not [S] and finite.
        """
        fed: dict[str, Any] = {}
        for camera, name in self.settings.cameras.items():
            if camera not in observation.images:
                raise ConfigError(f"observation lacks the image of camera '{camera}'")
            fed[name] = np.ascontiguousarray(images.checked(observation.images[camera], camera))
        fed.update(self._state(observation.state))
        fed[self.settings.instruction] = (
            observation.instruction or self.settings.default_instruction
        )
        return fed

    def _state(self, state: np.ndarray) -> dict[str, np.ndarray]:
        state = np.asarray(state, dtype=np.float32)
        if state.shape != (self.state_dim,) or not np.isfinite(state).all():
            raise ConfigError(f'state must be {self.state_dim} finite numbers, not {state}')
        ends = np.cumsum(list(self.settings.state.values()))
        return dict(zip(self.settings.state, np.split(state, ends[:-1])))
