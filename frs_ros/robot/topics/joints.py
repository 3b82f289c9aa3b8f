# SPDX-License-Identifier: Apache-2.0
"""From messages about joints to the state of seven of them, found by name."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from frs_ros.arm.limits import JOINTS, JointLimits
from frs_ros.robot.topics.transport import JointSample

SPAN = 0.02  # s at least between two positions that a velocity is computed from
BEYOND = 0.3  # rad beyond the model's range: no arm is there, but degrees or another arm would be
SHOWN = 12  # names in a line


class JointReader:
    """Keeps the newest state of an arm's joints and fingers; other joints are none of its matter.

    A message is refused if it names some of the joints but not all, names one twice, holds no
    finite position for each, or one that the arm cannot have. A velocity that is missing or not
    finite is computed from the positions.

    Attributes:
        q: [7] rad.
        dq: [7] rad/s.
        time: The sender's time of the newest state, s; that of its arrival if it gives none.
        arrived: When the newest state came, s; -inf before the first.
        fingers: Mean position of the gripper's joints, NaN if unknown.
        problem: Why the newest message about the arm was refused, '' if it was not.
        others: Names of joints in messages that were not about the arm, for the operator.
    """

    def __init__(
        self, names: Sequence[str], fingers: Sequence[str], limits: JointLimits, topic: str
    ) -> None:
        """Listens for these joints and fingers; `topic` is named in problems."""
        self._names, self._fingers, self._topic = tuple(names), tuple(fingers), topic
        self._low, self._high = limits.low - BEYOND, limits.high + BEYOND
        self.q, self.dq = np.zeros(JOINTS), np.zeros(JOINTS)
        self.time, self.arrived = 0.0, -math.inf
        self.fingers = math.nan
        self.problem = ''
        self.others: tuple[str, ...] = ()
        self._old: tuple[float, np.ndarray] | None = None  # time and positions, SPAN ago

    def feed(self, sample: JointSample) -> None:
        """Takes a message in."""
        index = {name: i for i, name in enumerate(sample.names)}
        self._read_fingers(sample, index)
        if not any(name in index for name in self._names):
            if not any(name in index for name in self._fingers):
                self.others = sample.names
            return
        if sample.stamp and sample.stamp == self.time:
            return  # the same state again: whoever sends it does not renew it
        self.problem = self._why_not(sample, index)
        if not self.problem:
            self._take(sample, [index[name] for name in self._names])

    def silence(self) -> str:
        """Why there is no state, as far as it is known: one line."""
        if self.problem:
            return self.problem
        if self.others:
            return (
                f"{self._topic} has no joint '{self._names[0]}', but {listed(self.others)}; which "
                'are the joints of the arm? (parameter joints)'
            )
        return (
            f'no joint state on {self._topic}; is the joint_state_broadcaster active, and the '
            'topic right? (parameter state_topic)'
        )

    def efforts(self, sample: JointSample) -> np.ndarray:
        """[7] the arm's efforts of a message (Nm), NaN where it has none."""
        index = {name: i for i, name in enumerate(sample.names)}
        found = [index.get(name, len(sample.efforts)) for name in self._names]
        return np.array([sample.efforts[i] if i < len(sample.efforts) else np.nan for i in found])

    def _why_not(self, sample: JointSample, index: dict[str, int]) -> str:
        missing = [name for name in self._names if name not in index]
        if missing:
            return f"{self._topic} has some joints of the arm, but not '{missing[0]}'"
        if any(sample.names.count(name) > 1 for name in self._names):
            return f'{self._topic} names a joint of the arm twice'
        if len(sample.positions) != len(sample.names):
            counts = f'{len(sample.names)} names and {len(sample.positions)} positions'
            return f'{self._topic} has {counts}'
        q = np.array([sample.positions[index[name]] for name in self._names])
        if not np.isfinite(q).all():
            return f'{self._topic}: a position of the arm is not finite'
        outside = (q < self._low) | (q > self._high)
        if outside.any():
            joint = int(outside.argmax())
            return (
                f"{self._topic}: '{self._names[joint]}' is at {q[joint]:.2f} rad, where this arm "
                'cannot be; is it another arm, or are the names in another order? (joints, robot)'
            )
        return ''

    def _take(self, sample: JointSample, order: list[int]) -> None:
        q = np.array([sample.positions[i] for i in order], dtype=np.float64)
        time = sample.stamp or sample.arrived
        dq = np.full(JOINTS, np.nan)
        if len(sample.velocities) == len(sample.names):
            dq = np.array([sample.velocities[i] for i in order], dtype=np.float64)
        self.dq = dq if np.isfinite(dq).all() else self._computed(time, q)
        self.q, self.time, self.arrived = q, time, sample.arrived

    def _computed(self, time: float, q: np.ndarray) -> np.ndarray:
        """[7] rad/s from positions at least SPAN apart; the last one until then."""
        if self._old is None or not 0 <= time - self._old[0] < 1.0:
            self._old = (time, q)
            return np.zeros(JOINTS)
        passed = time - self._old[0]
        if passed < SPAN:
            return self.dq
        velocity = (q - self._old[1]) / passed
        self._old = (time, q)
        return np.asarray(velocity)

    def _read_fingers(self, sample: JointSample, index: dict[str, int]) -> None:
        found = [index[name] for name in self._fingers if name in index]
        whole = len(sample.positions) == len(sample.names)
        if found and whole and len(found) == len(self._fingers):
            self.fingers = float(np.mean([sample.positions[i] for i in found]))


def listed(names: Sequence[str]) -> str:
    """Names with commas between them, not too many of them."""
    more = len(names) - SHOWN
    return ', '.join(name[:60] for name in names[:SHOWN]) + (
        f' and {more} more' if more > 0 else ''
    )
