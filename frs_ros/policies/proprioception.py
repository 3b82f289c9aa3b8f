# SPDX-License-Identifier: Apache-2.0
"""Proprioception vector of the small generalist, without the wrap-around of axis-angle."""

from __future__ import annotations

import numpy as np

from frs_ros.errors import ConfigError

STATE_DIM = 8


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """[.., 3] rad -> [.., 3, 3] by Rodrigues' formula R = I + sin(a) K + (1 - cos(a)) K^2."""
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    x, y, z = np.moveaxis(axis_angle / np.maximum(angle, 1e-9), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    angle = angle[..., None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def proprioception(state: np.ndarray) -> np.ndarray:
    """LIBERO state [.., 8] (see `Observation.state`) -> [.., 11] float32.

    Position (3, m), first two columns of the rotation matrix one after the other (6, Zhou et al.
    2019), finger joint positions (2, m).

    Raises:
        ConfigError: If the state does not have 8 finite numbers.
    """
    state = np.asarray(state, dtype=np.float64)
    if state.shape[-1:] != (STATE_DIM,):
        raise ConfigError(f'state must have {STATE_DIM} numbers, this one has shape {state.shape}')
    if not np.isfinite(state).all():
        raise ConfigError('state holds numbers that are not finite')
    columns = np.swapaxes(rotation_matrices(state[..., 3:6])[..., :2], -1, -2)
    columns = columns.reshape(*state.shape[:-1], 6)
    return np.concatenate([state[..., :3], columns, state[..., 6:]], -1).astype(np.float32)
