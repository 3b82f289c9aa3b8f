# SPDX-License-Identifier: Apache-2.0
"""The lab's limits, narrower than the robot's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from frs_ros.arm.clearance import Clearance
from frs_ros.arm.limits import WorkspaceBox
from frs_ros.errors import ConfigError

SMALLEST_SOFT_BAND = 0.01  # m


def table_box() -> WorkspaceBox:
    """In front of an arm that stands on the table: 0.55 x 0.9 x 0.79 m, 1 cm above it."""
    return WorkspaceBox(low=np.array([0.2, -0.45, 0.01]), high=np.array([0.75, 0.45, 0.8]))


@dataclass(frozen=True)
class EnvelopeSettings:
    """Limits of the envelope; the defaults are a fifth of the speed an FR3 is good for.

    Attributes:
        joint_speed: Of every joint, rad/s.
        tool_speed: Of the tool centre point, m/s.
        tool_rotation: Of the tool, rad/s.
        acceleration: Of every joint, rad/s^2.
        share: Part of the model's own velocity and acceleration limits never to be exceeded,
            whatever the other settings are; in (0, 1].
        jump: Largest distance between reference and arm, rad, every joint.
        joint_margin: Distance to keep from the joint ends, rad.
        box: Where the tool centre point may be.
        clearance: What links and gripper keep clear of; None for nothing.

    Raises:
        ConfigError: From the constructor; names the setting.
    """

    joint_speed: float = 0.5
    tool_speed: float = 0.25
    tool_rotation: float = 0.6
    acceleration: float = 2.5
    share: float = 0.5
    jump: float = 0.25
    joint_margin: float = 0.1
    box: WorkspaceBox = field(default_factory=table_box)
    clearance: Clearance | None = field(default_factory=Clearance)

    def __post_init__(self) -> None:
        for name in ('joint_speed', 'tool_speed', 'tool_rotation', 'acceleration', 'jump'):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise ConfigError(f'safety setting {name} must be positive, not {value}')
        if not 0 < self.share <= 1:
            raise ConfigError(f'safety setting share must be in (0, 1], not {self.share}')
        if not 0 <= self.joint_margin < math.inf:
            raise ConfigError(
                f'safety setting joint_margin must not be negative, but is {self.joint_margin}'
            )
        _check_box(self.box)


def _check_box(box: WorkspaceBox) -> None:
    low, high = np.asarray(box.low, dtype=float), np.asarray(box.high, dtype=float)
    if low.shape != (3,) or high.shape != (3,):
        raise ConfigError('safety setting box needs 3 low and 3 high numbers (m)')
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ConfigError(f'safety setting box must be finite, not {low} .. {high}')
    if not SMALLEST_SOFT_BAND <= box.soft < math.inf:
        raise ConfigError(
            f'safety setting box: the soft band must be {SMALLEST_SOFT_BAND} m or more, '
            f'not {box.soft}'
        )
    if (high - low <= 2 * box.soft).any():
        raise ConfigError(
            f'safety setting box: {low} .. {high} leaves no room between its soft bands '
            f'of {box.soft} m'
        )
