# SPDX-License-Identifier: Apache-2.0
"""What a controller does not say on its topics: whether it follows, and where its tool is.

A topic gives no answer, so what is sent is compared with what the arm then does.
"""

from __future__ import annotations

import numpy as np

from frs_ros.arm.limits import JointLimits

MOVED = 0.005  # rad, any joint: the arm moves
LED = 0.1  # rad, any joint, that the reference may go while it does not
PATIENCE = 0.5  # s for which it may not, at least
STEP_TIME = 0.03  # s; references that come faster count as this far apart: a loop jitters
POSITION, ANGLE = 0.02, 0.1  # m, rad: larger differences are another frame of the tool


class FollowWatch:
    """Sees that the reference goes away and the arm stays: nobody executes the commands.

    An arm that a soft controller presses against something rigid looks the same, and is stopped.
    """

    def __init__(self) -> None:
        self._q: np.ndarray | None = None
        self._reference = np.zeros(7)
        self._since = 0.0

    def begin(self) -> None:
        """Forgets what was."""
        self._q = None

    def left_behind(self, reference: np.ndarray, q: np.ndarray, now: float) -> bool:
        """Whether the arm at `q` [7] has not moved while the reference [7] has, all in rad."""
        if self._q is None or np.abs(q - self._q).max() > MOVED:
            self._q, self._reference, self._since = q, reference, now
            return False
        led = np.abs(reference - self._reference).max()
        return bool(led > LED and now - self._since > PATIENCE)


def step_too_large(q: np.ndarray, previous: np.ndarray, passed: float, limits: JointLimits) -> str:
    """Why a reference must not follow the one before, '' if it may.

    Args:
        q: [7] rad.
        previous: [7] rad; the measured positions before the first.
        passed: s between the two.
        limits: Of the arm.
    """
    far = np.abs(q - previous) > limits.velocity * max(passed, STEP_TIME)
    if not far.any():
        return ''
    joint = int(far.argmax())
    return f'joint {joint + 1} would jump by {q[joint] - previous[joint]:.2f} rad'


def pose_difference(ours: np.ndarray, theirs: np.ndarray) -> str:
    """How two poses [4, 4] of the tool differ, '' if they agree."""
    distance = float(np.linalg.norm(ours[:3, 3] - theirs[:3, 3]))
    cosine = (np.trace(ours[:3, :3].T @ theirs[:3, :3]) - 1.0) / 2.0
    angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    if distance <= POSITION and angle <= ANGLE:  # not for NaN
        return ''
    return f'{distance:.3f} m and {angle:.2f} rad apart'
