# SPDX-License-Identifier: Apache-2.0
"""Generated sequences for the envelope, and what must be true after every step of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from dh_arm import DhKinematics

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3, PANDA, ArmModel
from frs_ros.safety.envelope import EnvelopeSettings, Reference, Rejected, SafetyEnvelope

LAB = EnvelopeSettings()
FAST = EnvelopeSettings(
    joint_speed=9.0, tool_speed=0.7, tool_rotation=2.0, acceleration=9.0, share=1.0
)
TIGHT = EnvelopeSettings(
    joint_margin=0.0,
    jump=0.1,
    box=WorkspaceBox(low=np.array([0.3, -0.1, 0.3]), high=np.array([0.5, 0.1, 0.5]), soft=0.02),
)
ARMS = {'fr3': FR3, 'panda': PANDA}
SETTINGS = {'lab': LAB, 'fast': FAST, 'tight': TIGHT}

ODD_TIMES = (0.0, -0.01, -1e9, np.nan, np.inf, -np.inf, 0.3, 1e9)
ODD_NUMBERS = (np.nan, np.inf, -np.inf, 1e308, -1e308)


def used_time(dt: float) -> float:
    """The time that may count as passed."""
    return 0.0 if np.isnan(dt) or dt <= 0 else min(dt, 0.1)


def velocity_limit(model: ArmModel, settings: EnvelopeSettings, q: np.ndarray, up: bool):
    """[7] as in libfranka's joint_velocity_limits.cpp, times the share."""
    limits = model.limits
    room = np.maximum(limits.high - q if up else q - limits.low, 0)
    rule = np.isfinite(limits.deceleration)
    root = np.sqrt(2 * np.where(rule, limits.deceleration, 0) * room)
    near_end = np.where(rule, np.maximum(root - limits.velocity_offset, 0), np.inf)
    bound = np.minimum(limits.velocity, near_end) * (room > 0)
    return np.minimum(settings.joint_speed, settings.share * bound)


@dataclass
class Judge:
    """Compares one reference with the one before; keeps the largest excess of every limit."""

    model: ArmModel
    settings: EnvelopeSettings
    kinematics: DhKinematics
    worst: Counter[str] = field(default_factory=Counter)

    def look(self, before: Reference, after: Reference, measured: np.ndarray, dt: float) -> None:
        limits, settings, q, dq = self.model.limits, self.settings, after.q, after.dq
        assert np.isfinite(q).all()
        assert np.isfinite(dq).all()
        step = used_time(dt)
        self._note('integral', np.abs(q - before.q - dq * step))
        self._note('velocity', dq - velocity_limit(self.model, settings, q, up=True))
        self._note('velocity', -dq - velocity_limit(self.model, settings, q, up=False))
        acceleration = np.minimum(settings.acceleration, settings.share * limits.acceleration)
        self._note('acceleration', np.abs(dq - before.dq) - acceleration * step)
        margin = settings.joint_margin
        self._note('margin', self._outside(before.q, q, limits.low + margin, limits.high - margin))
        self._note('jump', np.abs(q - measured) - settings.jump)
        then, now = (self.kinematics.pose(x)[:3, 3].copy() for x in (before.q, q))
        low, high = settings.box.low, settings.box.high
        inside = np.all((then >= low) & (then <= high))
        self._note('box' if inside else 'box outside', self._outside(then, now, low, high))
        twist = self.kinematics.jacobian(q) @ dq
        self._note('tool', np.linalg.norm(twist[:3]) / settings.tool_speed - 1)
        self._note('tool', np.linalg.norm(twist[3:]) / settings.tool_rotation - 1)

    @staticmethod
    def _outside(before, after, low, high):
        """By how much `after` is farther out than `before`."""
        out = [np.maximum(np.maximum(low - x, x - high), 0) for x in (before, after)]
        return out[1] - out[0]

    def _note(self, name: str, excess: object) -> None:
        self.worst[name] = max(self.worst[name], float(np.max(excess)))


def start(rng: np.random.Generator, model: ArmModel) -> np.ndarray:
    """[7]: often near home, sometimes anywhere, sometimes at or beyond the joint ends."""
    low, high = model.limits.low, model.limits.high
    kind = rng.random()
    if kind < 0.6:
        return np.clip(model.home + rng.normal(0, 0.25, 7), low, high)
    q = rng.uniform(low, high)
    if kind < 0.8:
        return q
    ends = rng.random(7) < 0.4
    edge = np.where(rng.random(7) < 0.5, low, high) + rng.uniform(-0.12, 0.12, 7)
    return np.where(ends, edge, q)


def wanted(rng: np.random.Generator, model: ArmModel, q: np.ndarray, kinematics) -> np.ndarray:
    """[7] target: near, far, beyond all reason, or straight through a face of the box."""
    kind = rng.random()
    if kind < 0.25:
        return q + 0.2 * rng.uniform(-1, 1, 7)
    if kind < 0.45:
        return rng.uniform(model.limits.low - 0.5, model.limits.high + 0.5)
    if kind < 0.55:
        return rng.choice([-1e300, -50.0, 50.0, 1e300], 7)
    direction = rng.normal(size=6) * [1, 1, 1, 0.3, 0.3, 0.3]
    if kind < 0.8:
        direction = np.eye(6)[rng.integers(3)] * rng.choice([-1, 1])
    towards = np.linalg.lstsq(kinematics.jacobian(q), direction, rcond=1e-3)[0]
    return q + towards * rng.uniform(0.05, 1.0)


def arm_follows(rng: np.random.Generator, kind: float, measured, reference) -> np.ndarray:
    """[7] next measured position: ideal, noisy, lagging, held by a contact, or pushed about."""
    if kind < 0.4:
        return reference.copy()
    if kind < 0.6:
        return reference + rng.normal(0, 0.01, 7)
    if kind < 0.8:
        return measured + 0.2 * (reference - measured)
    if kind < 0.9:
        return measured
    return measured + rng.normal(0, 0.02, 7)


def rollout(
    rng: np.random.Generator,
    envelope: SafetyEnvelope,
    judge: Judge,
    steps: int,
    counts: Counter[str],
) -> None:
    """One sequence: random targets, arms, time steps and brakes; `judge` sees every output."""
    model, kinematics = judge.model, judge.kinematics
    measured = start(rng, model)
    reference = envelope.begin(measured)
    arm, even, hold, target = rng.random(), rng.choice([0.002, 0.01, 0.03, 0.1]), 0, measured
    for _ in range(steps):
        if hold == 0:
            hold = int(rng.choice([1, 5, 30]))
            target = wanted(rng, model, reference.q, kinematics)
            braking = rng.random() < 0.1
        hold -= 1
        odd = rng.random()
        dt = even if odd < 0.7 else rng.uniform(1e-4, 0.1) if odd < 0.95 else rng.choice(ODD_TIMES)
        measured = arm_follows(rng, arm, measured, reference.q)
        counts['steps'] += 1
        try:
            if braking:
                step = envelope.brake(reference, measured, dt)
            else:
                step = envelope.step(reference, target, measured, dt)
        except Rejected:
            counts['rejected'] += 1
            reference = envelope.begin(measured)
            continue
        counts.update(step.clipped_by)
        judge.look(reference, step.reference, measured, dt)
        reference = step.reference
