# SPDX-License-Identifier: Apache-2.0
"""A policy of the shape of pi0.5-DROID with random weights: for trying the robot cell out.

Nobody has trained it and it solves no task. Its chunks, cameras, state, rate and normalisation are
those of openpi's `pi05_droid` (H=15, A=8 padded to D=32, 15 Hz); its motions are small and smooth,
depend on what is seen, lean back to DROID's reset joints and can be steered.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from frs_ros.errors import ConfigError
from frs_ros.policies import images
from frs_ros.policies.description import MADE
from frs_ros.policies.identity import fingerprint, of_spec
from frs_ros.policies.normalisation import Normalisation
from frs_ros.policies.random_field import RandomField
from frs_ros.types import ActionSpec, CameraSpec, Observation

NAME = 'random_droid'
JOINTS = tuple(f'joint_{i}' for i in range(1, 8))
SPEC = ActionSpec(
    horizon=15,
    action_dim=8,
    model_dim=32,
    control_hz=MADE[NAME].control_hz,
    names=(*JOINTS, 'gripper'),
    units=('1',) * 8,
    steps=10,
    execute_steps=8,
    space=MADE[NAME].space,
)
CAMERAS = tuple(CameraSpec(name, 224, 224) for name in MADE[NAME].cameras)
GRID = 4  # cells per side that an image is averaged over

# Invented, of the size of the quantiles 1 % and 99 % that openpi normalises with. Proprioception:
# DROID's reset joints and how far arms are from them.
_HALF_WIDTH = np.array([0.45, 0.6, 0.45, 0.6, 0.6, 0.6, 0.7])
NORMALISATION = Normalisation(
    action_low=np.append(-_HALF_WIDTH, 0.0).astype(np.float32),
    action_high=np.append(_HALF_WIDTH, 1.0).astype(np.float32),
    proprio_mean=np.array([0, -0.628, 0, -2.513, 0, 1.885, 0, 0.5], np.float32),
    proprio_std=np.array([0.4, 0.4, 0.4, 0.4, 0.5, 0.5, 0.7, 0.5], np.float32),
)


@dataclass(frozen=True)
class RandomContext:
    """An encoded observation.

    Attributes:
        mean: [B, H, D] chunk that the field leads to on average.
        features: [B, F] what is seen.
    """

    mean: Tensor
    features: Tensor

    def expand(self, n: int) -> RandomContext:
        """The same observation for a batch of n; memory is shared."""
        return RandomContext(self.mean.expand(n, -1, -1), self.features.expand(n, -1))


class RandomDroidPolicy:
    """See the module; a `FlowPolicy`, on the CPU, in float32.

    Args:
        seed: Of the weights.
    """

    spec: ActionSpec = SPEC
    cameras: tuple[CameraSpec, ...] = CAMERAS

    def __init__(self, seed: int = 0) -> None:
        self.identity = fingerprint([NAME, str(seed), of_spec(SPEC)])
        self._field = RandomField(
            horizon=SPEC.horizon,
            action_dim=SPEC.action_dim,
            model_dim=SPEC.model_dim,
            features=len(CAMERAS) * GRID * GRID * 3 + len(NORMALISATION.proprio_mean),
            seed=seed,
        )

    @torch.no_grad()
    def encode(self, observation: Observation) -> RandomContext:
        """Averages the images over a coarse grid and scales the state.

        Raises:
            ConfigError: If an image is missing or misshapen, or the state is not [8] and finite.
        """
        proprio = NORMALISATION.standardise(_checked_state(observation.state))
        seen = [_pooled(observation, camera) for camera in self.cameras]
        features = torch.from_numpy(np.concatenate([*seen, proprio]).astype(np.float32))[None]
        pull = torch.from_numpy(proprio.astype(np.float32))[None, : len(JOINTS)]
        return RandomContext(self._field.mean(features, pull), features)

    def velocity(self, x: Tensor, t: Tensor, context: Any) -> Tensor:
        """dx/dt at x [B, H, D] and t [B]; the `RandomContext` has batch B or 1."""
        return self._field.velocity(x, t, context.mean, context.features)

    def to_model(self, chunk: np.ndarray, observation: Observation) -> Tensor:
        """[.., H, A] in units -> [.., H, D] float32 in model space."""
        scaled = NORMALISATION.normalise_action(np.asarray(chunk))
        padding = [(0, 0)] * (scaled.ndim - 1) + [(0, SPEC.model_dim - SPEC.action_dim)]
        return self.asarray(np.pad(scaled, padding))

    def from_model(self, x: Tensor, observation: Observation) -> np.ndarray:
        """[.., H, D] in model space -> [.., H, A] float64 in units."""
        actions = x.detach().numpy()[..., : SPEC.action_dim]
        return NORMALISATION.restore_action(actions.astype(np.float64))

    def asarray(self, x: np.ndarray) -> Tensor:
        """Float32 tensor; shares memory where it can."""
        return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))

    def inference(self) -> AbstractContextManager[None]:
        """`torch.no_grad`; a context made inside may be differentiated through outside."""
        return torch.no_grad()


def _checked_state(state: np.ndarray) -> np.ndarray:
    state = np.asarray(state, dtype=np.float64)
    if state.shape != NORMALISATION.proprio_mean.shape or not np.isfinite(state).all():
        raise ConfigError(
            f'state must be 7 joint positions and the gripper, all finite, not {state}'
        )
    return state


def _pooled(observation: Observation, camera: CameraSpec) -> np.ndarray:
    """[GRID * GRID * 3] mean colours in [-1, 1]."""
    if camera.name not in observation.images:
        raise ConfigError(f"observation lacks the image of camera '{camera.name}'")
    image = images.resampled(observation.images[camera.name], camera)
    h, w = camera.height // GRID, camera.width // GRID
    cells = image.reshape(GRID, h, GRID, w, 3).astype(np.float32)
    return np.asarray(cells.mean(axis=(1, 3)).ravel() / 127.5 - 1)
