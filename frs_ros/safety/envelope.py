# SPDX-License-Identifier: Apache-2.0
"""The safety envelope: moves a joint reference towards a target within all limits at once.

Two halves. `_wish` is what makes motion good: limit after limit it turns "straight to the target"
into a velocity that should keep all of them, and slides along a face instead of stopping at it.
`_guard` is what makes it safe: no velocity is taken from which the arm, braking at once, would
break a limit on its way to rest. If the wish fails, it is mixed with braking; braking itself
needs no check, because the step before was only taken after its whole stopping path had passed,
and braking (at any rate, with any time steps) stays on that path. So each limit holds after every
step, by induction, whatever comes in.
"""

from __future__ import annotations

import numpy as np

from frs_ros.robot.kinematics import Kinematics
from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.finite import finite_vector, usable_time
from frs_ros.safety.joint_margin import JointMargin
from frs_ros.safety.joint_velocity import JointVelocityLimit
from frs_ros.safety.jump import JumpLimit
from frs_ros.safety.limits import JointLimits
from frs_ros.safety.reference import Reference, Step
from frs_ros.safety.rejected import Rejected
from frs_ros.safety.settings import EnvelopeSettings
from frs_ros.safety.stopping import StoppingCheck
from frs_ros.safety.tool_speed import ToolSpeedLimit
from frs_ros.safety.workspace import WorkspaceLimit

__all__ = ['EnvelopeSettings', 'Reference', 'Rejected', 'SafetyEnvelope', 'Step']

LONGEST_STEP = 0.1  # s; longer gaps between two steps count as this
_FARTHEST = 4 * np.pi  # rad; errors beyond are nonsense, and must not overflow
_TURNS = 3  # tries to keep workspace and joint limits at once
_SHARES = (1.0, 0.5)  # of the wish, tried before plain braking
_ROUNDING = 1e-9


class SafetyEnvelope:
    """Pure: the same inputs give the same step, nothing is remembered.

    Args:
        limits: Of the robot model; `settings.share` of velocity and acceleration are used.
        kinematics: Of the robot with its tool.
        settings: Of the lab.
    """

    def __init__(
        self, limits: JointLimits, kinematics: Kinematics, settings: EnvelopeSettings
    ) -> None:
        self.kinematics = kinematics
        self.settings = settings
        self.acceleration = AccelerationLimit(
            np.minimum(settings.acceleration, settings.share * limits.acceleration)
        )
        self.joint_velocity = JointVelocityLimit(limits, settings.joint_speed, settings.share)
        self.joint_margin = JointMargin(limits, settings.joint_margin, self.acceleration)
        self.jump = JumpLimit(settings.jump, self.acceleration)
        self.tool_speed = ToolSpeedLimit(settings.tool_speed, settings.tool_rotation)
        self.workspace = WorkspaceLimit(settings.box, settings.tool_speed)
        self.stopping = StoppingCheck(
            kinematics,
            self.acceleration,
            self.joint_velocity,
            self.joint_margin,
            self.jump,
            self.tool_speed,
            self.workspace,
        )

    def begin(self, measured: np.ndarray) -> Reference:
        """A reference at rest where the arm is, [7]; Rejected if that is not known."""
        return Reference(finite_vector('measured position', measured, 7), np.zeros(7))

    def step(
        self, reference: Reference, target: np.ndarray, measured: np.ndarray, dt: float
    ) -> Step:
        """Moves the reference towards `target`.

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
        step = usable_time(dt, LONGEST_STEP)
        names = ['time'] if step != dt else []
        if step > 0:
            position = self.kinematics.pose(now.q)[:3, 3]
            wish = self._wish(now, position, goal, place, step, names)
            now = self._guard(now, position, wish, place, step, names)
        self.jump.check(now.q, place)
        return Step(now, tuple(dict.fromkeys(names)))

    def brake(self, reference: Reference, measured: np.ndarray, dt: float) -> Step:
        """Slows the reference down on its path, as fast as the acceleration allows, to rest.

        Arguments and errors as of `step`.
        """
        now, place = self._checked(reference, measured)
        step = usable_time(dt, LONGEST_STEP)
        if step > 0:
            now = _moved(now, self.acceleration.brake(now.dq, step), step)
        self.jump.check(now.q, place)
        return Step(now, ('time',) if step != dt else ())

    def _checked(self, reference: Reference, measured: np.ndarray) -> tuple[Reference, np.ndarray]:
        now = Reference(
            finite_vector('reference position', reference.q, 7),
            finite_vector('reference velocity', reference.dq, 7),
        )
        if (np.abs(now.dq) > self.joint_velocity.maximum * (1 + _ROUNDING)).any():
            raise Rejected('the reference is faster than its limit: not made by this envelope')
        return now, finite_vector('measured position', measured, 7)

    def _wish(
        self,
        now: Reference,
        position: np.ndarray,
        goal: np.ndarray,
        place: np.ndarray,
        dt: float,
        names: list[str],
    ) -> np.ndarray:
        """The velocity [7] we would like; notes in `names` which limits changed it.

        Limits that slow down single joints come between those that slow down the whole arm: the
        latter break none of the others, and so have the last word.
        """
        error = np.clip(goal - now.q, -_FARTHEST, _FARTHEST)
        jacobian = self.kinematics.jacobian(now.q)
        dq = self.acceleration.towards(error, dt)

        def note(name: str, limited: np.ndarray) -> np.ndarray:
            if limited is not dq and (limited != dq).any():
                names.append(name)
            return limited

        dq = note('velocity', self.joint_velocity.scale(dq))
        dq = note('tool_speed', self.tool_speed.scale(dq, jacobian))
        whole = dq
        dq = note('jump', self.jump.clamp(now.q, place, dq, dt))
        dq = note('velocity', self.joint_velocity.clamp(now.q, dq))
        dq = note('joint_margin', self.joint_margin.clamp(now.q, dq, dt))
        dq = note('workspace', self._turned(now.q, position, dq, jacobian, dq == whole, dt))
        dq = note('velocity', self.joint_velocity.scale(dq))
        dq = note('tool_speed', self.tool_speed.scale(dq, jacobian))
        return note('acceleration', self.acceleration.clamp(now.dq, dq, dt))

    def _turned(
        self,
        q: np.ndarray,
        position: np.ndarray,
        dq: np.ndarray,
        jacobian: np.ndarray,
        free: np.ndarray,
        dt: float,
    ) -> np.ndarray:
        """`dq` [7] turned back from the faces of the box by the `free` joints [7].

        A joint that thereby comes to its own limit stays there, and the others try again.
        """
        for _ in range(_TURNS):
            stop_time = self.acceleration.stop_time(dq) + 2 * dt
            turned = self.workspace.turn(position, dq, jacobian, free, stop_time)
            if turned is dq:
                break
            dq = self.joint_margin.clamp(q, self.joint_velocity.clamp(q, turned), dt)
            free = free & (dq == turned)
            if free.all():
                break
        return dq

    def _guard(
        self,
        now: Reference,
        position: np.ndarray,
        wish: np.ndarray,
        place: np.ndarray,
        dt: float,
        names: list[str],
    ) -> Reference:
        """The next reference: with the wish, half of it, or braking; see the module."""
        braking = self.acceleration.brake(now.dq, dt)
        for share in _SHARES:
            then = _moved(now, braking + share * (wish - braking), dt)
            broken = self.stopping.broken(now.q, position, place, then)
            if not broken:
                return then
            names.append(broken)
        return _moved(now, braking, dt)


def _moved(now: Reference, dq: np.ndarray, dt: float) -> Reference:
    return Reference(now.q + dq * dt, dq)
