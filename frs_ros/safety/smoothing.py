# SPDX-License-Identifier: Apache-2.0
"""References averaged in time, for arms whose driver does not limit the jerk.

The envelope changes the joint velocities q' by at most A dt per step of dt s, as fast as it likes
within that. The mean of such a reference over the last W s, as a function of time that is linear
between the steps, obeys in every joint, for any steps of at most T s:

* It lies between the smallest and the largest of the reference: ends and margins of joints hold.
  Its velocity is the mean of those of the reference, so joint speeds and directions hold, too: a
  reference that moves or brakes on a straight line is averaged on that line.
* It lags by W / 2 and rests where the reference rests, W s later at the latest.
* Its velocity has no steps. Its acceleration is (q'(t) - q'(t - W)) / W, at most A (1 + T / W).
* Its jerk, averaged over any interval of h s, is at most 2 A (1 + T / h) / W: that acceleration
  only changes when the reference's velocity does, or did W s ago, by A dt / W each, and the steps
  that begin within h last h + T at most. That is 4 A / W over any interval that is not shorter
  than the longest step, and 2 A / W over whole steps of equal length.
* It is not farther than A W (W + 3 T) / 24 from where the reference was W / 2 s ago: from Peano's
  kernel of the mean minus the middle, whose integral is W^2 / 24 and whose maximum is W / 8.
"""

from __future__ import annotations

from collections import deque

import numpy as np

LONGEST = 0.03  # s, of a step; what comes later than that counts as this late

# m, farthest that the tool centre point can be from each joint's axis, rounded up
TOOL_LEVER = np.array([1.15, 1.15, 0.83, 0.75, 0.36, 0.36, 0.27])


class MovingAverage:
    """The mean of a joint reference over the last `window` s; see the module for its bounds.

    Attributes:
        window: s; 0: the reference itself.
    """

    def __init__(self, window: float) -> None:
        """Has no reference yet: `begin`."""
        self.window = window
        # duration (s), begin and end of each step that the window still sees
        self._steps: deque[tuple[float, np.ndarray, np.ndarray]] = deque()

    def begin(self, q: np.ndarray) -> None:
        """The reference [7] (rad) rests, and has always done so."""
        self._steps.clear()
        self._steps.append((np.inf, q, q))

    def move(self, q: np.ndarray, dt: float) -> np.ndarray:
        """The mean [7], rad, after the reference has moved to `q` [7] within `dt` s.

        A reference that moves in no time jumps there.
        """
        self._steps.append((max(dt, 0.0), self._steps[-1][2], q))
        if self.window <= 0.0:
            self._steps.popleft()
            return q
        mean, left, seen = np.zeros_like(q), self.window, 0
        for duration, start, end in reversed(self._steps):
            seen += 1
            if duration > 0.0:
                part = min(duration, left)
                mean = mean + part * (end - (end - start) * (part / duration / 2))
                left -= part
            if left <= 0.0:
                break
        while len(self._steps) > seen:
            self._steps.popleft()
        return np.asarray(mean / self.window)


def deviation(acceleration: np.ndarray, window: float) -> np.ndarray:
    """[7] rad, how far the mean can be from the way of the reference in each joint.

    Args:
        acceleration: [7] rad/s^2, of the reference.
        window: s, of the mean.
    """
    return acceleration * (window * (window + 3 * LONGEST) / 24)
