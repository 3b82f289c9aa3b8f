# SPDX-License-Identifier: Apache-2.0
"""Coarse guidance for the robot's next action chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from frs_ros.errors import ConfigError
from frs_ros.messages.any_guidance import Part

BASE = 'base'  # x forward, y left, z up

_MARGIN = 1e-6  # rounding of unit vectors and of float32 messages


class Gripper(IntEnum):
    """What the guidance says about the gripper; the values are those of the message."""

    POLICY = 0  # the policy decides
    OPEN = 1
    CLOSE = 2


@dataclass(frozen=True)
class Guidance:
    """Guidance, valid for the next chunk. Advice to the policy, never a safety control.

    The constructor raises a ConfigError that names the field if a number is not finite, or the
    magnitude or a weight is out of range.

    Attributes:
        direction: [3] desired translation of the gripper along the axes of the frame; its length
            is free, only the direction counts; zeros mean no guidance about translation.
        rotation: [3] desired rotation of the gripper about itself: axis along the axes of the
            frame, times a weight in [0, 1] that is its own speed; zeros mean none.
        gripper: Command for the gripper.
        magnitude: Speed in [0, 1] of full command, applied to the normalised direction.
        enabled: The operator is steering (a dead-man switch on hardware).
        defer: Leave this chunk to the policy, as for the fine part of a grasp.
        source: Name of the source: 'keyboard', 'oracle', ...
        stamp_ns: When the guidance was given, clock of the observation.
        frame: Whose axes: 'base', 'tool' or the name of a camera; see `frames`.
    """

    direction: np.ndarray = field(default_factory=lambda: np.zeros(3))
    rotation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    gripper: Gripper = Gripper.POLICY
    magnitude: float = 1.0
    enabled: bool = True
    defer: bool = False
    source: str = ''
    stamp_ns: int = 0
    frame: str = BASE

    def __post_init__(self) -> None:
        for name in ('direction', 'rotation'):
            vector = np.array(getattr(self, name), dtype=np.float64)
            if vector.shape != (3,) or not np.all(np.isfinite(vector)):
                raise ConfigError(f'guidance {name} must be 3 finite numbers, not {vector}')
            vector.setflags(write=False)
            object.__setattr__(self, name, vector)
        if np.linalg.norm(self.rotation) > 1 + _MARGIN:
            raise ConfigError(f'guidance rotation must be no longer than 1, not {self.rotation}')
        if not 0 <= self.magnitude <= 1 + _MARGIN:
            raise ConfigError(f'guidance magnitude must be in [0, 1], not {self.magnitude}')
        try:
            object.__setattr__(self, 'gripper', Gripper(self.gripper))
        except ValueError:
            raise ConfigError(f'guidance gripper must be 0, 1 or 2, not {self.gripper}') from None
        if not self.frame:
            raise ConfigError("guidance frame must have a name, such as 'base'")

    @property
    def active(self) -> bool:
        """Whether there is guidance to follow; otherwise the policy acts unsteered."""
        return self.enabled and not self.defer and bool(self.parts)

    @property
    def parts(self) -> frozenset[Part]:
        """What the guidance is about."""
        speaks = {
            Part.TRANSLATION: np.any(self.direction),
            Part.ROTATION: np.any(self.rotation),
            Part.GRIPPER: self.gripper != Gripper.POLICY,
        }
        return frozenset(part for part, spoken in speaks.items() if spoken)
