# SPDX-License-Identifier: Apache-2.0
"""The motions of franky that this driver uses."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from frs_ros.arm.limits import JointLimits
from frs_ros.robot.base import ControlMode, JointCommand

# Gains of DROID (arXiv 2403.12945, config/fr3/franka_hardware.yaml): the torque is
# (Kq + J^T Kx J) (q_ref - q) - (Kqd + J^T Kxd J) dq + coriolis.
KQ = np.array([40.0, 30.0, 50.0, 25.0, 35.0, 25.0, 10.0])  # Nm/rad
KQD = np.array([4.0, 6.0, 5.0, 5.0, 3.0, 2.0, 1.0])  # Nm s/rad
KX = np.array([400.0, 400.0, 400.0, 15.0, 15.0, 15.0])  # N/m, Nm/rad
KXD = np.array([37.0, 37.0, 37.0, 2.0, 2.0, 2.0])  # N s/m, Nm s/rad

DEAD_MAN_MS = 200  # for which a velocity is kept; then the robot ramps to rest by itself
STOP = 0.8  # s that the end of an impedance motion may take


def impedance(franky: ModuleType, q: np.ndarray, limits: JointLimits) -> Any:
    """Soft tracking of joint positions, which begins at `q` [7]."""
    motion = franky.JointImpedanceTrackingMotion(
        stiffness=KQ,
        damping=KQD,
        cartesian_stiffness=KX,
        cartesian_damping=KXD,
        lower_joint_limits=np.array(limits.low),
        upper_joint_limits=np.array(limits.high),
    )
    motion.set_reference(reference(franky, q))
    return motion


def reference(franky: ModuleType, q: np.ndarray) -> Any:
    """Reference at rest: in DROID's law the damping acts on the velocity itself."""
    return franky.JointReference(q=q, dq=np.zeros(7))


def velocity(franky: ModuleType, command: JointCommand) -> Any:
    """Joint velocities with a dead-man."""
    return franky.JointVelocityMotion(command.dq, franky.Duration(DEAD_MAN_MS))


def stop(franky: ModuleType, mode: ControlMode) -> Any:
    """The ramp to rest; it has to be of the same kind as the motion that it ends."""
    if mode is ControlMode.IMPEDANCE:
        return franky.TorqueStopMotion(max_duration=STOP)
    return franky.JointVelocityStopMotion()
