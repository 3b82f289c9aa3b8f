# SPDX-License-Identifier: Apache-2.0
"""The limits of single joints: velocity, acceleration, margin and jump."""

import numpy as np
import pytest
from cases import CASES
from rollouts import velocity_limit

from frs_ros.arm.limits import JointLimits
from frs_ros.arm.models import FR3, PANDA
from frs_ros.safety.acceleration import AccelerationLimit
from frs_ros.safety.envelope import EnvelopeSettings
from frs_ros.safety.joint_margin import JointMargin
from frs_ros.safety.joint_velocity import JointVelocityLimit
from frs_ros.safety.jump import OWN, JumpLimit
from frs_ros.safety.rejected import Rejected

TINY = 1e-9
ACCELERATION = AccelerationLimit(np.array([2.5, 2.5, 1.0, 5.0, 5.0, 2.5, 0.5]))
MARGIN = JointMargin(FR3.limits, 0.1, ACCELERATION)
JUMP = JumpLimit(0.25, ACCELERATION)


def same_direction(a, b):
    return np.allclose(np.outer(a, b), np.outer(b, a), atol=1e-9) and a @ b >= -1e-12


def place(rng, low, high):
    """[7] joint positions, often close to the ends or beyond."""
    q = rng.uniform(low - 0.1, high + 0.1)
    edge = np.where(rng.random(7) < 0.5, low, high) + rng.normal(0, 0.05, 7)
    return np.where(rng.random(7) < 0.3, edge, q)


def speed(rng):
    """[7] joint velocities from tiny to far too fast, some of them 0."""
    return rng.normal(size=7) * 10 ** rng.uniform(-4, 1.5) * (rng.random(7) < 0.8)


# ---- acceleration --------------------------------------------------------------------------


def test_velocity_changes_no_faster_than_allowed_and_straight(rng):
    for _ in range(CASES['acceleration'] // 3):
        dq, wish, dt = speed(rng), speed(rng), rng.uniform(1e-4, 0.1)
        out = ACCELERATION.clamp(dq, wish, dt)
        assert (np.abs(out - dq) <= ACCELERATION.maximum * dt + TINY).all()
        assert same_direction(out - dq, wish - dq)
        if (np.abs(wish - dq) <= ACCELERATION.maximum * dt).all():
            np.testing.assert_array_equal(out, wish)
        else:
            assert np.isclose((np.abs(out - dq) / ACCELERATION.maximum).max(), dt)


def test_braking_stays_on_the_stopping_path_whatever_the_time_steps(rng):
    for _ in range(CASES['acceleration'] // 3):
        start = dq = speed(rng)
        gone = np.zeros(7)
        for _ in range(6):
            dt = rng.uniform(1e-3, 0.1)
            slower = ACCELERATION.brake(dq, dt)
            assert (np.abs(slower - dq) <= ACCELERATION.maximum * dt + TINY).all()
            dq = slower
            gone = gone + dq * dt
            end = gone + dq * ACCELERATION.stop_time(dq) / 2
            assert same_direction(end, start)
            room = np.abs(start) * ACCELERATION.stop_time(start) / 2
            assert (np.abs(end) <= room + TINY).all()


def test_braking_ends_at_rest():
    dq = np.full(7, 0.5)
    assert ACCELERATION.stop_time(dq) == pytest.approx(1.0)  # joint 7 brakes with 0.5 rad/s^2
    for _ in range(100):
        dq = ACCELERATION.brake(dq, 0.0101)
    assert not dq.any()
    assert not ACCELERATION.brake(dq, 0.01).any()


def test_what_is_approached_can_be_stopped_at(rng):
    for _ in range(CASES['acceleration'] // 3):
        room, dt = np.abs(speed(rng)), rng.uniform(1e-4, 0.1)
        v = ACCELERATION.approach(room, dt)
        np.testing.assert_allclose(v * dt + v**2 / (2 * ACCELERATION.maximum), room, atol=TINY)
        error = speed(rng)
        v = ACCELERATION.towards(error, dt)
        reach = v * (dt + ACCELERATION.stop_time(v) / 2)
        np.testing.assert_allclose(reach, error, atol=TINY)
    assert not ACCELERATION.approach(-np.ones(7), 0.01).any()


# ---- velocity ------------------------------------------------------------------------------


@pytest.mark.parametrize('model', [FR3, PANDA], ids=lambda m: m.name)
def test_velocity_is_within_the_limit_of_libfranka(rng, model):
    settings = EnvelopeSettings(joint_speed=1.5, share=0.7)
    limit = JointVelocityLimit(model.limits, 1.5, 0.7)
    for _ in range(CASES['joint_velocity'] // 4):
        q, dq = place(rng, model.limits.low, model.limits.high), speed(rng)
        scaled = limit.scale(dq)
        assert (np.abs(scaled) <= limit.maximum + TINY).all()
        assert same_direction(scaled, dq)
        out = limit.clamp(q, scaled)
        up, down = (velocity_limit(model, settings, q, up=u) for u in (True, False))
        assert (out <= up + TINY).all()
        assert (out >= -down - TINY).all()
        fine = (scaled <= up) & (scaled >= -down)
        np.testing.assert_allclose(out[fine], scaled[fine])


@pytest.mark.parametrize('model', [FR3, PANDA], ids=lambda m: m.name)
def test_the_closed_form_of_braking_agrees_with_looking_at_many_points(rng, model):
    settings = EnvelopeSettings(joint_speed=1.5, share=0.7)
    limit = JointVelocityLimit(model.limits, 1.5, 0.7)
    agreed = {True: 0, False: 0}
    for _ in range(CASES['joint_velocity'] // 8):
        q = place(rng, model.limits.low + 0.1, model.limits.high - 0.1)
        dq, stop_time = limit.clamp(q, speed(rng)) * rng.uniform(0.2, 1.1), rng.uniform(0, 0.6)
        share = np.linspace(1, 1e-3, 12)
        least = np.inf
        for s in share:
            there = q + dq * stop_time * (1 - s**2) / 2
            up, down = (velocity_limit(model, settings, there, up=u) for u in (True, False))
            bound = np.where(dq > 0, up, down)
            least = min(least, np.where(dq == 0, np.inf, bound / np.abs(s * dq + 1e-300)).min())
        if abs(least - 1) > 0.02:  # a touch between two points is not seen here
            assert limit.holds(q, dq, stop_time) == (least > 1)
            agreed[bool(least > 1)] += 1
    assert min(agreed.values()) > 50


def test_a_model_without_a_rule_is_fast_up_to_its_ends():
    limit = JointVelocityLimit(PANDA.limits, 0.5, 0.5)
    low, high = limit.bounds(PANDA.limits.high - 0.01)
    np.testing.assert_allclose(high, 0.5)
    np.testing.assert_allclose(low, -0.5)
    assert not limit.bounds(PANDA.limits.high)[1].any()


def test_fr3_near_its_end():
    # joint 2: min(2.62, -0.2517 + sqrt(2 * 2.585 * 0.1)) = 0.4673, halved
    q = FR3.limits.high - 0.1
    assert JointVelocityLimit(FR3.limits, 5.0, 0.5).bounds(q)[1][1] == pytest.approx(0.2337, 1e-3)


# ---- margin --------------------------------------------------------------------------------


def test_no_joint_comes_into_its_margin_and_inward_is_free(rng):
    low, high = FR3.limits.low + 0.1, FR3.limits.high - 0.1
    for _ in range(CASES['joint_margin'] // 2):
        q, dq, dt = place(rng, low, high), speed(rng), rng.uniform(1e-4, 0.1)
        out = MARGIN.clamp(q, dq, dt)
        end = q + out * (dt + ACCELERATION.stop_time(out) / 2)
        assert (end <= np.maximum(high, q) + TINY).all()
        assert (end >= np.minimum(low, q) - TINY).all()
        assert (out * dq >= 0).all()  # slower, never reversed
        assert (np.abs(out) <= np.abs(dq)).all()
        inward = ((q > high) & (dq < 0)) | ((q < low) & (dq > 0))
        room = np.abs(np.where(dq > 0, high - q, q - low))
        far = room > np.abs(dq) * (dt + ACCELERATION.stop_time(dq) / 2)
        free = inward & far
        np.testing.assert_array_equal(out[free], dq[free])
        goal = MARGIN.nearest(q, q + dq)
        assert MARGIN.holds(q, goal)
        np.testing.assert_array_equal(
            goal[free & (room > np.abs(dq))], (q + dq)[free & (room > np.abs(dq))]
        )


def test_margins_are_checked_at_the_end_of_the_path(rng):
    low, high = FR3.limits.low + 0.1, FR3.limits.high - 0.1
    for _ in range(CASES['joint_margin'] // 2):
        q = place(rng, low, high)
        end = np.where(rng.random(7) < 0.7, q, q + rng.normal(0, 0.1, 7))
        worse = ((end > high) & (end > q)) | ((end < low) & (end < q))
        assert MARGIN.holds(q, end) == (not worse.any())


# ---- jump ----------------------------------------------------------------------------------


def test_the_reference_stops_within_its_part_of_the_jump(rng):
    for _ in range(CASES['jump'] // 2):
        measured = rng.uniform(-2, 2, 7)
        q, dq, dt = measured + rng.normal(0, 0.1, 7), speed(rng), rng.uniform(1e-4, 0.1)
        out = JUMP.clamp(q, measured, dq, dt)
        alone = np.abs(out) / (2 * ACCELERATION.maximum)
        end = q + out * (dt + alone)
        ahead = np.abs(q - measured) <= OWN * 0.25
        assert (np.abs(end - measured) <= OWN * 0.25 + TINY)[ahead].all()
        back = ~ahead  # pushed away: led back, whatever the target
        assert (out * np.sign(q - measured) < 0)[back].all()
        own = (np.abs(q + dq * 20 - measured) < OWN * 0.25) & ahead
        np.testing.assert_array_equal(out[own], dq[own])


def test_jumps_are_refused_beyond_the_limit_only(rng):
    refused = 0
    for _ in range(CASES['jump'] // 2):
        measured = rng.uniform(-2, 2, 7)
        q = measured + rng.normal(0, 0.1, 7)
        far = np.abs(q - measured).max() > 0.25
        if far:
            with pytest.raises(Rejected, match=r'rad away from its reference, more than 0\.25'):
                JUMP.check(q, measured)
            refused += 1
        else:
            JUMP.check(q, measured)
        end = q + rng.normal(0, 0.05, 7)
        worse = (np.abs(end - measured) > OWN * 0.25) & (
            np.abs(end - measured) > np.abs(q - measured)
        )
        across = (end - measured) * (q - measured) < 0
        if not (worse & across).any():
            assert JUMP.holds(q, measured, end) == (not worse.any())
    assert refused > 100


def test_limits_without_offsets_have_the_old_meaning():
    flat = JointLimits(*(np.ones(7) * x for x in (-1.0, 1.0, 2.0, 10.0, 100.0)))
    assert JointVelocityLimit(flat, 9.0, 1.0).bounds(np.zeros(7))[1] == pytest.approx(2.0)
