# SPDX-License-Identifier: Apache-2.0
"""Whether an arm can come to rest without breaking a limit on its way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from frs_ros.safety.in_force import LimitsInForce
from frs_ros.safety.reference import Reference, Situation

_SPACING = 0.03  # rad between the points of a stopping path that are looked at
# Within a step the tool is no farther out than at the worse of two points that are looked at, but
# for this. On a straight line in joint space it leaves the chord of a part of it by less than
# reach * (sum of the joint angles of that part)^2 / 8.
_BEND = 1e-4  # m
_REACH = 1.2  # m, farthest of the tool from the axis of any joint


@dataclass(frozen=True)
class StoppingCheck:
    """Looks at the straight line in joint space on which an arm brakes; see `AccelerationLimit`.

    Joint limits are checked in closed form for the whole line, tool limits at points of it.

    Attributes:
        limits: Those in force.
    """

    limits: LimitsInForce

    def broken(self, at: Situation, then: Reference) -> str:
        """Name of the limit that breaks on the way from `at` over `then` to rest, or ''."""
        limits, start = self.limits, at.reference.q
        stop_time = limits.acceleration.stop_time(then.dq)
        end = then.q + then.dq * (stop_time / 2)
        if not limits.joint_margin.holds(start, end):
            return 'joint_margin'
        if not limits.jump.holds(start, at.measured, end):
            return 'jump'
        if not limits.joint_velocity.holds(then.q, then.dq, stop_time):
            return 'velocity'
        return self._broken_by_tool(at, then, stop_time) if stop_time > 0 else ''

    def _broken_by_tool(self, at: Situation, then: Reference, stop_time: float) -> str:
        limits, kinematics = self.limits, self.limits.kinematics
        if not limits.tool_speed.holds(then.dq, kinematics.jacobian(then.q)):
            return 'tool_speed'
        start, travel = at.reference.q, then.dq * (stop_time / 2)
        parts = max(1, math.ceil(float(np.abs(travel).max()) / _SPACING))
        share = np.arange(parts + 1) / parts  # of the way
        poses = np.array([kinematics.pose(then.q + s * travel) for s in share])
        step = [kinematics.pose(q)[:3, 3] for q in _between(start, then.q)]
        if not limits.workspace.holds_along(np.vstack([at.position, *step, poses[:, :3, 3]])):
            return 'workspace'
        near = limits.links.broken(start, then.q + travel - start)
        if near:
            return near
        # At the share s of the way the speed has fallen to sqrt(1 - s) of the present one.
        speed = np.sqrt(1 - (share[1:] + share[:-1]) / 2)
        if not limits.tool_speed.holds_along(poses, stop_time / (2 * parts) / speed):
            return 'tool_speed'
        return ''


def _between(start: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    """Points between two joint positions [7]; none if these are close to each other."""
    way = end - start
    parts = math.ceil(float(np.abs(way).sum()) * math.sqrt(_REACH / (8 * _BEND)))
    return [start + way * (i / parts) for i in range(1, parts)]
