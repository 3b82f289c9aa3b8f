# SPDX-License-Identifier: Apache-2.0
"""Joints of furniture: drawers, doors and knobs, and where they are taken hold of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_ros.sim.geometry import collision_geoms, geom_vertices

_BAR = 0.012  # m: what reaches as far out as the outermost part, up to this, is the handle
_KNOB_DEPTH = 0.015  # m below its top at which a knob is held
_KNOB_GAP = 0.006  # m above its lowest point


@dataclass(frozen=True)
class Joint:
    """A slide or hinge between a piece of furniture and its movable part.

    Attributes:
        index: In the model.
        body: The movable part.
        slides: Whether it is a slide; else a hinge.
        address: Of its position in qpos.
        far: Position at the end of its range that is further from 0: open, or on; m or rad.
    """

    index: int
    body: int
    slides: bool
    address: int
    far: float

    @classmethod
    def named(cls, model: Any, name: str) -> Joint:
        """The joint of a name in the model."""
        import mujoco

        index = int(model.joint(name).id)
        low, high = model.jnt_range[index]
        return cls(
            index,
            int(model.jnt_bodyid[index]),
            bool(model.jnt_type[index] == mujoco.mjtJoint.mjJNT_SLIDE),
            int(model.jnt_qposadr[index]),
            float(low if abs(low) > abs(high) else high),
        )

    def opening(self, data: Any) -> float:
        """How far it is from closed or off, 0, to `far`, 1."""
        return float(data.qpos[self.address] / self.far)

    def axis(self, data: Any) -> np.ndarray:
        """Unit vector [3], world frame, along or about which the part moves when it opens."""
        return np.asarray(data.xaxis[self.index] * np.sign(self.far))

    def anchor(self, data: Any) -> np.ndarray:
        """A point [3] on the axis, m, world frame."""
        return np.asarray(data.xanchor[self.index].copy())

    def vertices(self, model: Any, data: Any) -> np.ndarray:
        """Vertices [n, 3] of the movable part, m, world frame."""
        return geom_vertices(model, data, collision_geoms(model, self.body))


def bar(model: Any, data: Any, joint: Joint) -> np.ndarray:
    """[3] m: the middle of the handle of a drawer, the part that reaches furthest out."""
    out = joint.axis(data)
    geoms = [geom_vertices(model, data, [g]) for g in collision_geoms(model, joint.body)]
    outermost = max(float((v @ out).max()) for v in geoms)
    handle = np.concatenate([v for v in geoms if (v @ out).max() > outermost - _BAR])
    middle = (handle.max(0) + handle.min(0)) / 2
    return np.asarray(middle + out * (outermost - _BAR / 2 - middle @ out))


def knob(model: Any, data: Any, joint: Joint) -> tuple[np.ndarray, float]:
    """Where to hold a knob: point [3] (m), and direction in the xy plane across it (rad)."""
    vertices = joint.vertices(model, data)
    top, bottom = vertices[:, 2].max(), vertices[:, 2].min()
    middle = (vertices.max(0) + vertices.min(0)) / 2
    spread = np.cov((vertices[:, :2] - middle[:2]).T)
    across = np.linalg.eigh(spread)[1][:, 0]  # eigenvalues ascend
    height = max(top - _KNOB_DEPTH, bottom + _KNOB_GAP)
    return np.array([*middle[:2], height]), float(np.arctan2(across[1], across[0]))


def handle(model: Any, data: Any, joint: Joint) -> np.ndarray:
    """[3] m: where the part is taken hold of."""
    return bar(model, data, joint) if joint.slides else knob(model, data, joint)[0]
