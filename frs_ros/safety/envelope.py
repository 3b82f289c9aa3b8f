# SPDX-License-Identifier: Apache-2.0
"""The safety envelope: moves a joint reference towards a target within all limits at once.

Two halves. `DesiredVelocity` makes the motion good: limit after limit it turns "straight to the
target" into a velocity that should keep all of them, and slides along a face instead of stopping
at it.
`StoppingCheck` makes it safe: no velocity is taken from which the arm, braking at once, would
break a limit on its way to rest. If that velocity fails, it is mixed with braking; braking itself
needs no check, because the step before was only taken after its whole stopping path had passed,
and braking (with any time steps) stays on that path. So each limit holds after every step, by
induction, whatever comes in.
"""

from __future__ import annotations

import numpy as np

from frs_ros.arm.kinematics import Kinematics
from frs_ros.arm.limits import JointLimits
from frs_ros.safety.desired import DesiredVelocity
from frs_ros.safety.finite import finite_vector, usable_time
from frs_ros.safety.in_force import LimitsInForce
from frs_ros.safety.reference import Reference, Situation, Step
from frs_ros.safety.rejected import Rejected
from frs_ros.safety.settings import EnvelopeSettings
from frs_ros.safety.stopping import StoppingCheck

__all__ = ['EnvelopeSettings', 'Reference', 'Rejected', 'SafetyEnvelope', 'Step']

LONGEST_STEP = 0.1  # s; longer gaps between two steps count as this
_FARTHEST = 4 * np.pi  # rad, more than any joint turns
_SHARES = (1.0, 0.5)  # of the desired velocity, tried before plain braking
_ROUNDING = 1e-9


class SafetyEnvelope:
    """Pure: the same inputs give the same step, nothing is remembered.

    Args:
        limits: Of the robot model; `settings.share` of velocity and acceleration are used.
        kinematics: Of the robot with its tool.
        settings: Of the lab.
        smoothing: s over which the references are averaged before the arm gets them; box and
            links are kept clearer by what the mean can be off (see `smoothing`).
    """

    def __init__(
        self,
        limits: JointLimits,
        kinematics: Kinematics,
        settings: EnvelopeSettings,
        *,
        smoothing: float = 0.0,
    ) -> None:
        self._limits = LimitsInForce.of(limits, kinematics, settings, smoothing)
        self._desired = DesiredVelocity(self._limits)
        self._stopping = StoppingCheck(self._limits)

    def begin(self, measured: np.ndarray) -> Reference:
        """A reference at rest where the arm is, [7]; Rejected if that is not known."""
        return Reference(_joints('measured position', measured), np.zeros(7))

    def step(
        self, reference: Reference, target: np.ndarray, measured: np.ndarray, dt: float
    ) -> Step:
        """Moves the reference towards `target`.

        The guarantees are those of a chain: each `reference` is the one returned last.

        Args:
            reference: From `begin`, or that of the last `step` or `brake`.
            target: [7] rad, anywhere.
            measured: [7] rad, where the arm is.
            dt: Seconds since the last step. Not above 0 or NaN: nothing moves. Above
                `LONGEST_STEP`: counts as that. Both are named 'time' in `clipped_by`.

        Raises:
            Rejected: A vector is not finite or misshapen, the arm is too far from the
                reference, or the reference is not from here. Hold (`begin` anew) or stop.
        """
        now, place = self._checked(reference, measured)
        goal = finite_vector('target', target, 7)
        passed = usable_time(dt, LONGEST_STEP)
        names = ['time'] if passed != dt else []
        if passed > 0:
            position = self._limits.kinematics.pose(now.q)[:3, 3]
            now = self._moved(Situation(now, place, position, passed), goal, names)
        self._limits.jump.check(now.q, place)
        return Step(now, tuple(dict.fromkeys(names)))

    def brake(self, reference: Reference, measured: np.ndarray, dt: float) -> Step:
        """Slows the reference down on its path, as fast as the acceleration allows, to rest.

        Arguments and errors as of `step`.
        """
        now, place = self._checked(reference, measured)
        passed = usable_time(dt, LONGEST_STEP)
        if passed > 0:
            now = _after(now, self._limits.acceleration.brake(now.dq, passed), passed)
        self._limits.jump.check(now.q, place)
        return Step(now, ('time',) if passed != dt else ())

    def _checked(self, reference: Reference, measured: np.ndarray) -> tuple[Reference, np.ndarray]:
        now = Reference(
            _joints('reference position', reference.q),
            finite_vector('reference velocity', reference.dq, 7),
        )
        if (np.abs(now.dq) > self._limits.joint_velocity.maximum * (1 + _ROUNDING)).any():
            raise Rejected('the reference is faster than its limit: not made by this envelope')
        return now, _joints('measured position', measured)

    def _moved(self, at: Situation, goal: np.ndarray, names: list[str]) -> Reference:
        """The next reference: at the desired velocity, half of it, or braking; see the module."""
        desired = self._desired.velocity(at, goal, names)
        braking = self._limits.acceleration.brake(at.reference.dq, at.dt)
        for share in _SHARES:
            then = _after(at.reference, braking + share * (desired - braking), at.dt)
            broken = self._stopping.broken(at, then)
            if not broken:
                return then
            names.append(broken)
        return _after(at.reference, braking, at.dt)


def _joints(name: str, values: object) -> np.ndarray:
    vector = finite_vector(name, values, 7)
    joint = int(np.abs(vector).argmax())
    if abs(vector[joint]) > _FARTHEST:
        raise Rejected(f'{name} is not that of an arm: joint {joint + 1} at {vector[joint]:g} rad')
    return vector


def _after(now: Reference, dq: np.ndarray, dt: float) -> Reference:
    return Reference(now.q + dq * dt, dq)
