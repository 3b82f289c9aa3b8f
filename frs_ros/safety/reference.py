# SPDX-License-Identifier: Apache-2.0
"""What the envelope moves: a joint reference, and what a step of it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reference:
    """Where the arm is to be and how fast it is to go; each is the other's derivative.

    Attributes:
        q: [7] rad.
        dq: [7] rad/s.
    """

    q: np.ndarray
    dq: np.ndarray


@dataclass(frozen=True)
class Step:
    """The answer of the envelope.

    Attributes:
        reference: Within all limits.
        clipped_by: Names of the limits that changed what was asked for, in order: 'time',
            'velocity', 'tool_speed', 'jump', 'joint_margin', 'workspace', 'link_floor',
            'link_box', 'self_collision', 'acceleration'.
    """

    reference: Reference
    clipped_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Situation:
    """What a step starts from.

    Attributes:
        reference: Where the arm is to be now.
        measured: [7] rad, where it is.
        position: [3] m, of the tool at the reference.
        dt: s that have passed, above 0.
    """

    reference: Reference
    measured: np.ndarray
    position: np.ndarray
    dt: float
