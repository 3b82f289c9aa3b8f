# SPDX-License-Identifier: Apache-2.0
"""Randomised layouts: the stock scene with its objects elsewhere on the floor.

The stock init states of `libero_object` put each task's target at one place, within a centimetre;
a policy trained on them learns the place instead of the instruction.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from frs_ros.sim.libero import LiberoEnv

# Part of the floor in which the groceries of the stock scenes lie, with a margin: x, y in m.
X_RANGE, Y_RANGE = (-0.23, 0.18), (-0.28, 0.11)
SPACING = 0.095
BASKET_SHIFT = 0.03
MAX_YAW = 0.4
_TRIES = 200


def shuffle_layout(env: LiberoEnv, rng: np.random.Generator) -> bool:
    """Moves the groceries to random places and shifts the basket, then lets them settle.

    Args:
        env: Simulation just reset to a stock init state.
        rng: Source of the layout.

    Returns:
        Whether a layout without overlaps was found; if not, the stock layout is left as it was.
    """
    groceries = env.object_names[:-1]
    places = _spread(len(groceries), rng)
    if places is None:
        return False
    state = np.concatenate([[env.data.time], env.data.qpos, 0 * env.data.qvel])
    for name, place in zip(groceries, places, strict=True):
        _place(env, state, name, place, rng.uniform(-MAX_YAW, MAX_YAW))
    basket = env.position(env.destination)[:2]
    shift = rng.uniform(-BASKET_SHIFT, BASKET_SHIFT, 2)
    _place(env, state, env.destination, basket + shift, 0.0)
    env.load_state(state)
    env.settle()
    return True


def _spread(count: int, rng: np.random.Generator) -> np.ndarray | None:
    """Random places [count, 2] (m) at least `SPACING` apart, or None."""
    for _ in range(_TRIES):
        places = np.stack([rng.uniform(*X_RANGE, count), rng.uniform(*Y_RANGE, count)], axis=1)
        gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
        if np.all(gaps[np.triu_indices(count, 1)] > SPACING):
            return places
    return None


def _place(env: LiberoEnv, state: np.ndarray, name: str, place: np.ndarray, yaw: float) -> None:
    """Writes an object's free joint into a flattened state (time, qpos, qvel)."""
    body = env.model.body(env.body_name(name))
    first = 1 + int(env.model.jnt_qposadr[body.jntadr[0]])
    state[first : first + 2] = place
    w, x, y, z = state[first + 3 : first + 7]
    turned = Rotation.from_euler('z', yaw) * Rotation.from_quat([x, y, z, w])
    x, y, z, w = turned.as_quat()
    state[first + 3 : first + 7] = (w, x, y, z)
