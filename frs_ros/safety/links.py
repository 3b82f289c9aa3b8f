# SPDX-License-Identifier: Apache-2.0
"""Links of the arm, its gripper and the tool keep clear of floor, boxes and each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from frs_ros.arm.distances import Pairs

# The check of a way looks at points of it, so close to each other that between them no distance
# is smaller by more than half of this. What it keeps more than is asked for:
SKIN = 0.001  # m
# Links that slide along something are led this far from it, so that the bend of their path does
# not bring them to the check all the time.
_CLEARANCE = 0.004  # m
_RETURN = 0.2  # share of the present speed with which they are led back there
_RATE = 10.0  # m/s per m: the nearer, the slower
_SLACK = 1e-4  # m/s that a distance may change faster than it should
_LEAST_PARTS, _MOST_PARTS = 1, 256
# What a change of the joint velocities costs: of the tool's velocity (m/s), of its angular
# velocity (rad/s), and of the joints' (rad/s), squared. A link gets out of the way by the motion
# that the tool feels least.
_COST = np.array([1.0, 1.0, 1.0, 0.05, 0.05, 0.05])
_JOINT_COST = 0.01
_ROUNDS = 2  # of finding out which distances bind
_DAMPING = 1e-6


@dataclass(frozen=True)
class Near:
    """Distances that may have to be kept from becoming smaller, in linear approximation.

    Attributes:
        lowest: [k] m/s, with which they may change; below 0 they shrink.
        rows: [k, 7] m/rad, how they grow with the joints.
        names: [k] of the limits.
    """

    lowest: np.ndarray
    rows: np.ndarray
    names: tuple[str, ...]

    def turn(
        self, dq: np.ndarray, jacobian: np.ndarray, free: np.ndarray
    ) -> tuple[np.ndarray, list[str]]:
        """`dq` [7] without what leads links too near, and the names of what was in the way.

        Of all changes of `dq` for that, the cheapest for the tool.

        Args:
            dq: [7] rad/s.
            jacobian: [6, 7] of the tool.
            free: [7] bool, the joints that may be used for it.
        """
        growth = self.rows @ dq
        lowest = np.minimum(self.lowest, _RETURN * np.abs(growth))
        binding = growth < lowest - _SLACK
        if not binding.any():
            return dq, []
        price = (jacobian.T * _COST) @ jacobian + _JOINT_COST * np.eye(7)
        usable = self.rows * free
        gain = np.linalg.solve(price * np.outer(free, free) + np.diag(~free), usable.T)
        for _ in range(_ROUNDS):
            active, missing = usable[binding], (lowest - growth)[binding]
            gram = active @ gain[:, binding] + _DAMPING * np.eye(len(active))
            turned = dq + gain[:, binding] @ np.linalg.solve(gram, missing)
            more = self.rows @ turned < lowest - _SLACK
            if not (more & ~binding).any():
                break
            binding = binding | more
        return turned, [name for name, binds in zip(self.names, binding) if binds]


@dataclass(frozen=True)
class LinkLimit:
    """No distance falls below 0; one that is below from the start may only stay or grow.

    Attributes:
        pairs: What can come too near to what; what is to be kept is taken off already.
        deviation: [7] rad, how far the arm may be sent from the reference: kept clear, too.
    """

    pairs: Sequence[Pairs]
    deviation: np.ndarray = field(default_factory=lambda: np.zeros(7))

    @cached_property
    def _levers(self) -> np.ndarray:
        return np.array([pairs.lever for pairs in self.pairs]).reshape(-1, 7)

    @cached_property
    def _off(self) -> list[float]:
        """For each of `pairs` the m by which it can be nearer where the arm is sent."""
        off: list[float] = (self._levers @ self.deviation).tolist()
        return off

    def near(self, q: np.ndarray, dq: np.ndarray, stop_time: float) -> Near:
        """The distances that could become too small with joint velocities up to `dq` [7].

        Args:
            q: [7] rad.
            dq: [7] rad/s.
            stop_time: Seconds the arm needs to stop; in half of it the links go on.
        """
        rate = min(_RATE, 2 / stop_time)
        clearances, distances, rows = [np.zeros(0)], [np.zeros(0)], [np.zeros((0, 7))]
        names: list[str] = []
        farther = self._levers @ np.abs(dq) / rate
        for pairs, off, far in zip(self.pairs, self._off, farther.tolist()):
            clearance = _CLEARANCE + off
            reach = clearance + far
            if not pairs.exceed(q, reach):
                distance, growth = pairs.near(q, reach)
                clearances.append(np.full(len(distance), clearance))
                distances.append(distance)
                rows.append(growth)
                names.extend([pairs.name] * len(distance))
        allowed = rate * (np.concatenate(clearances) - np.concatenate(distances))
        return Near(allowed, np.concatenate(rows), tuple(names))

    def broken(self, q: np.ndarray, way: np.ndarray) -> str:
        """What comes too near on the straight way from `q` [7] to `q + way`; '' if nothing does.

        Args:
            q: [7] rad.
            way: [7] rad.
        """
        travels = self._levers @ np.abs(way)
        for pairs, off, travel in zip(self.pairs, self._off, travels.tolist()):
            skin = SKIN + off
            far = travel == 0 or pairs.exceed(q, skin + travel)
            if not far and not _keeps(pairs, q, way, travel, skin):
                return pairs.name
        return ''


def _keeps(pairs: Pairs, q: np.ndarray, way: np.ndarray, travel: float, skin: float) -> bool:
    """Whether the distances of a group hold at points of a way."""
    turned = float(np.abs(way)[pairs.lever > 0].sum())
    # Between n points a distance is smaller by travel * turned / (8 n^2) at most.
    parts = math.ceil(math.sqrt(travel * turned / (4 * SKIN)))
    parts = min(max(parts, _LEAST_PARTS), _MOST_PARTS)
    steps = [q + way * ((i + 1) / parts) for i in range(parts)]
    if pairs.least(q) >= skin:
        return all(pairs.least(point) >= skin for point in steps)
    short = np.maximum(skin - pairs.all(q), 0.0)
    for point in steps:
        now = np.maximum(skin - pairs.all(point), 0.0)
        if (now > short).any():
            return False
        short = now
    return True
