# SPDX-License-Identifier: Apache-2.0
"""The arms we know: limits, geometry and a place to start from.

Sources: Franka Robotics, "Control Interface Specification and Robot Limits" (documentation of the
Franka Control Interface, FCI), and include/franka/rate_limiting.h of libfranka.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.errors import choose

TCP_DISTANCE = 0.1034  # m from the flange to between the fingertips of the Franka Hand
HAND_ANGLE = -np.pi / 4  # of the Franka Hand about the flange's z axis


@dataclass(frozen=True)
class ArmModel:
    """One kind of arm with the Franka Hand.

    Attributes:
        name: As in parameters and files.
        limits: What the robot enforces; it stops with a reflex beyond them.
        home: [7] joint positions to start an episode from, rad.
        dh: [8, 3] a (m), d (m), alpha (rad) of joint 1 .. 7 and the flange, Craig's convention:
            frame i follows from i-1 by Rx(alpha) Tx(a) Rz(q) Tz(d).
        tool: [4, 4] pose of the tool centre point, between the fingertips, in the flange.
    """

    name: str
    limits: JointLimits
    home: np.ndarray
    dh: np.ndarray
    tool: np.ndarray


def _fixed(values: object) -> np.ndarray:
    """A read-only array, since the tables are shared by everybody."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def _tool() -> np.ndarray:
    c, s = np.cos(HAND_ANGLE), np.sin(HAND_ANGLE)
    return _fixed([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, TCP_DISTANCE], [0, 0, 0, 1]])


# FCI specification, section "Denavit-Hartenberg parameters"; the same for both arms.
_DH = _fixed(
    [
        [0, 0.333, 0],
        [0, 0, -np.pi / 2],
        [0, 0.316, np.pi / 2],
        [0.0825, 0, np.pi / 2],
        [-0.0825, 0.384, -np.pi / 2],
        [0, 0, np.pi / 2],
        [0.088, 0, np.pi / 2],
        [0, 0.107, 0],
    ]
)

# Reset joints of DROID (arXiv 2403.12945, droid/robot_env.py).
_DROID_HOME = _fixed([0, -np.pi / 5, 0, -4 * np.pi / 5, 0, 3 * np.pi / 5, 0])

FR3 = ArmModel(
    name='fr3',
    limits=JointLimits(
        # Two ranges are published. These are the narrower ones of FCI specifications before robot
        # system 5.9 (q1 +-2.7437 against +-2.9007 of today and of the robot's URDF), so that they
        # hold whatever the robot runs.
        low=_fixed([-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159]),
        high=_fixed([2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159]),
        velocity=_fixed([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26]),
        acceleration=_fixed([10.0] * 7),
        jerk=_fixed([5000.0] * 7),
        # The larger of the FCI specification's and of the robot's URDF (<position_based_velocity_
        # limits>), which differ in the third digit; the decelerations are the same in both.
        velocity_offset=_fixed([0.6599, 0.2517, 0.2005, 0.3542, 0.5757, 0.4885, 0.4628]),
        deceleration=_fixed([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0]),
    ),
    home=_DROID_HOME,
    dh=_DH,
    tool=_tool(),
)

# Also called Franka Emika Robot (FER). It has no position-dependent velocity limit.
PANDA = ArmModel(
    name='panda',
    limits=JointLimits(
        low=_fixed([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973]),
        high=_fixed([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973]),
        velocity=_fixed([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
        acceleration=_fixed([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
        jerk=_fixed([7500.0, 3750.0, 5000.0, 6250.0, 7500.0, 10000.0, 10000.0]),
    ),
    home=_DROID_HOME,
    dh=_DH,
    tool=_tool(),
)

ARM_MODELS = {model.name: model for model in (FR3, PANDA)}


def arm_model(name: str) -> ArmModel:
    """The model of that name; ConfigError that lists the known ones if there is none."""
    return ARM_MODELS[choose('robot', name, ARM_MODELS)]
