# SPDX-License-Identifier: Apache-2.0
"""Desired joint velocity: towards the target, turned and slowed down limit by limit.

This is what makes the motion good; what makes it safe is `StoppingCheck`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.safety.in_force import LimitsInForce
from frs_ros.safety.reference import Situation

_TURNS = 4  # tries to keep workspace, links and joint limits at once
_SETTLED = 1e-3  # rad/s, a change that is not worth another try


@dataclass(frozen=True)
class DesiredVelocity:
    """Applies one limit after the other.

    The order: what slows down the whole arm keeps the direction and breaks no other limit, so it
    comes first (the others then see real speeds) and last. In between, joints are held back one
    by one, and the tool is turned away from the faces of its box.

    Attributes:
        limits: Those in force.
    """

    limits: LimitsInForce

    def velocity(self, at: Situation, target: np.ndarray, names: list[str]) -> np.ndarray:
        """[7] rad/s towards `target` [7]; adds to `names` the limits that changed it."""
        limits, now = self.limits, at.reference
        goal = limits.joint_margin.nearest(now.q, target)
        if (goal != target).any():
            names.append('joint_margin')
        jacobian = limits.kinematics.jacobian(now.q)
        dq = self._slowed(limits.acceleration.towards(goal - now.q, at.dt), jacobian, names)
        dq = self._turned(at, self._held(at, dq, names), jacobian, names)
        dq = self._slowed(dq, jacobian, names)
        return _noted(names, 'acceleration', dq, limits.acceleration.clamp(now.dq, dq, at.dt))

    def _slowed(self, dq: np.ndarray, jacobian: np.ndarray, names: list[str]) -> np.ndarray:
        """The whole arm slower, in the same direction."""
        dq = _noted(names, 'velocity', dq, self.limits.joint_velocity.scale(dq))
        return _noted(names, 'tool_speed', dq, self.limits.tool_speed.scale(dq, jacobian))

    def _held(self, at: Situation, dq: np.ndarray, names: list[str]) -> np.ndarray:
        """Single joints slower, where they are too close to something."""
        limits, q = self.limits, at.reference.q
        dq = _noted(names, 'jump', dq, limits.jump.clamp(q, at.measured, dq, at.dt))
        dq = _noted(names, 'velocity', dq, limits.joint_velocity.clamp(q, dq))
        return _noted(names, 'joint_margin', dq, limits.joint_margin.clamp(q, dq, at.dt))

    def _turned(
        self, at: Situation, dq: np.ndarray, jacobian: np.ndarray, names: list[str]
    ) -> np.ndarray:
        """Without what leads the tool out of the box.

        A joint that thereby comes to a limit of its own stays there; the others try again.
        """
        limits, free = self.limits, np.ones(7, dtype=bool)
        stop_time = limits.acceleration.stop_time(dq) + 2 * at.dt
        near = limits.links.near(at.reference.q, dq, stop_time)
        for _ in range(_TURNS):
            stop_time = limits.acceleration.stop_time(dq) + 2 * at.dt
            turned = limits.workspace.turn(at.position, dq, jacobian, free, stop_time)
            if turned is not dq:
                names.append('workspace')
            turned, reasons = near.turn(turned, jacobian, free)
            names.extend(reasons)
            if turned is dq:
                break
            settled = np.abs(turned - dq).max() < _SETTLED
            dq = self._held(at, turned, names)
            if settled:
                break
            free = free & (dq == turned)
        return dq


def _noted(names: list[str], name: str, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    if after is not before and (after != before).any():
        names.append(name)
    return after
