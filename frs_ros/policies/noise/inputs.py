# SPDX-License-Identifier: Apache-2.0
"""What a noise policy sees of an observation, in training as in service. Without torch."""

from __future__ import annotations

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.policies import images
from frs_ros.policies.noise.description import Inputs
from frs_ros.policies.proprioception import STATE_DIM, proprioception
from frs_ros.types import CARTESIAN_DELTA, CameraSpec, Observation

MIN_STD = 0.02  # added to the spread of features, for those that stand still


def state_features(state: np.ndarray, space: str) -> np.ndarray:
    """[.., S] proprioception -> [.., P] float32 features.

    The axis-angle of a hand that points down jumps between pi and -pi: in LIBERO's state it
    becomes two columns of the rotation matrix. Joint positions stay as they are.
    """
    state = np.asarray(state, dtype=np.float64)
    if space == CARTESIAN_DELTA and state.shape[-1] == STATE_DIM:
        return proprioception(state)
    return state.astype(np.float32)


def fit_scale(features: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of features [N, P] as float32 numbers."""
    mean, std = features.mean(0), features.std(0) + np.float32(MIN_STD)
    return tuple(map(float, mean)), tuple(map(float, std))


def scaled_state(state: np.ndarray, inputs: Inputs, space: str) -> np.ndarray:
    """[.., S] -> [.., P] float32 standard scores; [.., 0] where the network has no state.

    Raises:
        ConfigError: The state has another size, or is not finite.
    """
    state = np.asarray(state, dtype=np.float64)
    if not inputs.state_dim:
        return np.zeros((*state.shape[:-1], 0), np.float32)
    if state.shape[-1] != inputs.state_dim or not np.isfinite(state).all():
        raise ConfigError(f'the state must be {inputs.state_dim} finite numbers, not {state}')
    mean, std = (np.asarray(v, np.float32) for v in (inputs.state_mean, inputs.state_std))
    scores: np.ndarray = (state_features(state, space) - mean) / std
    return scores


def image_of(observation: Observation, camera: str, size: int) -> np.ndarray:
    """[size, size, 3] uint8 image of a camera; ConfigError if it is missing or misshapen."""
    if camera not in observation.images:
        raise ConfigError(f"observation lacks the image of camera '{camera}'")
    return images.resampled(observation.images[camera], CameraSpec(camera, size, size))
