# SPDX-License-Identifier: Apache-2.0
"""What an arm may do: limits of a robot model, and the narrower ones of a lab."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

JOINTS = 7


@dataclass(frozen=True)
class JointLimits:
    """Limits of a robot model.

    The velocity limit near the ends of a joint's range is (libfranka, joint_velocity_limits.cpp)
    upper(q) = min(velocity, max(0, -offset + sqrt(max(0, 2 * deceleration * (high - q))))),
    lower(q) likewise with (q - low), negated. Models without such a rule have zero offsets and
    infinite decelerations.

    Attributes:
        low: [7] rad.
        high: [7] rad.
        velocity: [7] rad/s.
        acceleration: [7] rad/s^2.
        jerk: [7] rad/s^3.
        velocity_offset: [7] rad/s, of the position-dependent velocity limit.
        deceleration: [7] rad/s^2, of the position-dependent velocity limit.
    """

    low: np.ndarray
    high: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    velocity_offset: np.ndarray = field(default_factory=lambda: np.zeros(7))
    deceleration: np.ndarray = field(default_factory=lambda: np.full(7, np.inf))


@dataclass(frozen=True)
class WorkspaceBox:
    """Where the tool centre point may be, base frame.

    Attributes:
        low: [3] m; the z of it is the table plane.
        high: [3] m.
        soft: Width of the band inside the faces in which the outward speed is reduced, m.
    """

    low: np.ndarray
    high: np.ndarray
    soft: float = 0.05
