# SPDX-License-Identifier: Apache-2.0
"""Kinematics of a Franka arm in plain Python, for thousands of cases a second."""

from __future__ import annotations

import math

import numpy as np

from frs_ros.arm.models import FR3, ArmModel


class DhKinematics:
    """The published Denavit-Hartenberg parameters, remembering the last place asked for."""

    def __init__(self, model: ArmModel = FR3) -> None:
        self._rows = [(a, d, math.cos(t), math.sin(t)) for a, d, t in model.dh.tolist()]
        self._model, self._tool = model, model.tool
        self._q = b''
        self._pose = np.eye(4)
        self._jacobian = np.zeros((6, 7))

    def pose(self, q: np.ndarray) -> np.ndarray:
        return self._at(q)._pose

    def jacobian(self, q: np.ndarray) -> np.ndarray:
        return self._at(q)._jacobian

    def _at(self, q: np.ndarray) -> DhKinematics:
        if q.tobytes() != self._q:
            self._q = q.tobytes()
            self._solve([*q.tolist(), 0.0])
        return self

    def _solve(self, angles: list[float]) -> None:
        # Columns x, y, z and the origin o of each frame, as scalars: numpy is slow at this size.
        x, y, z, o = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]
        axes, origins = [], []
        for (a, d, ca, sa), angle in zip(self._rows, angles):
            cq, sq = math.cos(angle), math.sin(angle)
            turned = [ca * v + sa * w for v, w in zip(y, z)]
            z = [ca * w - sa * v for v, w in zip(y, z)]
            o = [p + a * u + d * w for p, u, w in zip(o, x, z)]
            x, y = (
                [cq * u + sq * v for u, v in zip(x, turned)],
                [cq * v - sq * u for u, v in zip(x, turned)],
            )
            axes.append(z)
            origins.append(o)
        pose = np.eye(4)
        pose[:3] = np.array([x, y, z, o]).T
        self._pose = pose @ self._tool
        axis, arm = np.array(axes[:7]), self._pose[:3, 3] - np.array(origins[:7])
        lever = np.empty((7, 3))
        for i, (j, k) in enumerate(((1, 2), (2, 0), (0, 1))):
            lever[:, i] = axis[:, j] * arm[:, k] - axis[:, k] * arm[:, j]
        self._jacobian = np.concatenate([lever.T, axis.T])

    def pairs(self, clearance):
        from frs_ros.arm.kinematics import PinocchioKinematics

        return PinocchioKinematics.of_model(self._model).pairs(clearance)
