# SPDX-License-Identifier: Apache-2.0
"""Randomised layouts: the stock scene with its objects elsewhere on the floor or the table.

The stock init states put each object at one place, within a centimetre; a policy trained on them
learns the place instead of the instruction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from frs_ros.errors import ConfigError
from frs_ros.sim.libero import LiberoEnv

ANCHOR_SHIFT = 0.03
MAX_YAW = 0.4
_TRIES = 200
_LIFTED = 0.005  # m above the others from which an object stands on something


@dataclass(frozen=True)
class Area:
    """Where a suite's objects may lie.

    Attributes:
        x: Range in m.
        y: Range in m.
        spacing: Least distance of two objects, m.
        anchor: Object that is only shifted a little, '' for none.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    spacing: float
    anchor: str = ''


AREAS = {
    # where the groceries of the stock scenes lie, with a margin
    'libero_object': Area((-0.23, 0.18), (-0.28, 0.11), 0.095, 'basket_1'),
    # the table between stove, rack and cabinet, with room for the hand
    'libero_goal': Area((-0.13, 0.16), (-0.03, 0.27), 0.115),
    'libero_spatial': Area((-0.13, 0.16), (-0.03, 0.32), 0.115),
}


def shuffle_layout(env: LiberoEnv, rng: np.random.Generator) -> bool:
    """Moves the objects to random places, then lets them settle.

    Args:
        env: Simulation just reset to a stock init state.
        rng: Source of the layout.

    Returns:
        Whether a layout without overlaps was found; if not, the stock layout is left as it was.
    """
    if env.suite not in AREAS:
        raise ConfigError(f'there are no shuffled layouts for {env.suite}')
    area = AREAS[env.suite]
    things = [n for n in env.world.movable if n != area.anchor]
    places = _spread(len(things), area, rng)
    if places is None:
        return False
    state = np.concatenate([[env.data.time], env.data.qpos, 0 * env.data.qvel])
    ground = min(_underside(env, n) for n in things)
    for name, place in zip(things, places, strict=True):
        _place(env, state, name, place, rng.uniform(-MAX_YAW, MAX_YAW))
        above = _underside(env, name) - ground
        if above > _LIFTED:
            _sink(env, state, name, above - _LIFTED)
    if area.anchor:
        shift = rng.uniform(-ANCHOR_SHIFT, ANCHOR_SHIFT, 2)
        _place(env, state, area.anchor, env.world.position(area.anchor)[:2] + shift, 0.0)
    env.load_state(state)
    env.settle()
    return True


def _spread(count: int, area: Area, rng: np.random.Generator) -> np.ndarray | None:
    """Random places [count, 2] (m), far enough from each other, or None."""
    for _ in range(_TRIES):
        places = np.stack([rng.uniform(*area.x, count), rng.uniform(*area.y, count)], axis=1)
        gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
        if np.all(gaps[np.triu_indices(count, 1)] > area.spacing):
            return places
    return None


def _underside(env: LiberoEnv, name: str) -> float:
    return float(env.world.vertices(name)[:, 2].min())


def _first(env: LiberoEnv, name: str) -> int:
    """Where an object's free joint begins in a flattened state (time, qpos, qvel)."""
    body = env.model.body(env.world.body_name(name))
    return 1 + int(env.model.jnt_qposadr[body.jntadr[0]])


def _place(env: LiberoEnv, state: np.ndarray, name: str, place: np.ndarray, yaw: float) -> None:
    """Writes an object's place and turn into a flattened state."""
    first = _first(env, name)
    state[first : first + 2] = place
    w, x, y, z = state[first + 3 : first + 7]
    turned = Rotation.from_euler('z', yaw) * Rotation.from_quat([x, y, z, w])
    x, y, z, w = turned.as_quat()
    state[first + 3 : first + 7] = (w, x, y, z)


def _sink(env: LiberoEnv, state: np.ndarray, name: str, depth: float) -> None:
    """Lowers an object that stood on another one."""
    state[_first(env, name) + 2] -= depth
