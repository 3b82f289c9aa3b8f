# SPDX-License-Identifier: Apache-2.0
"""What policies are told of the arm; see `frs_ros.types.Observation.state`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from frs_ros.robot.base import ArmState
from frs_ros.types import CARTESIAN_DELTA

JOINTS, LIBERO = 'joints', 'libero'


def layout_for(space: str) -> str:
    """The layout that policies of an action space are fed with."""
    return LIBERO if space == CARTESIAN_DELTA else JOINTS


def joints(state: ArmState, max_width: float) -> np.ndarray:
    """[8] joint positions (rad), gripper 0 open .. 1 closed, as openpi's DROID client."""
    open_part = np.nan_to_num(state.gripper_width, nan=max_width) / max(max_width, 1e-6)
    return np.append(state.q, 1.0 - np.clip(open_part, 0.0, 1.0))


def libero(state: ArmState, max_width: float) -> np.ndarray:
    """[8] tool position (m), orientation as axis-angle (rad), both finger joints (m)."""
    finger = np.nan_to_num(state.gripper_width, nan=max_width) / 2
    fingers = [finger, -finger]
    return np.concatenate([state.pose[:3, 3], axis_angle(state.pose[:3, :3]), fingers])


LAYOUTS: dict[str, Callable[[ArmState, float], np.ndarray]] = {JOINTS: joints, LIBERO: libero}


def axis_angle(rotation: np.ndarray) -> np.ndarray:
    """Rotation matrix [3, 3] -> axis times angle [3], angle in [0, pi].

    Through the unit quaternion (Shepperd 1978), which is exact at half a turn, too: there the
    gripper of an arm over a table is.
    """
    w, vector = quaternion(rotation)
    sine = float(np.linalg.norm(vector))
    if sine < 1e-9:
        return np.zeros(3)
    return np.asarray(vector / sine * 2.0 * np.arctan2(sine, w))


def quaternion(rotation: np.ndarray) -> tuple[float, np.ndarray]:
    """Rotation matrix [3, 3] -> unit quaternion w >= 0 and (x, y, z) [3]."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    # 4 times the product of every two components; the row of the largest square is used
    products = np.array(
        [
            [1 + xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, 1 + xx - yy - zz, yx + xy, xz + zx],
            [xz - zx, yx + xy, 1 - xx + yy - zz, zy + yz],
            [yx - xy, xz + zx, zy + yz, 1 - xx - yy + zz],
        ]
    )
    row = products[int(np.argmax(np.diag(products)))]
    row = row / np.linalg.norm(row)
    row = row if row[0] >= 0 else -row
    return float(row[0]), row[1:]
