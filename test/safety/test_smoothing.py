# SPDX-License-Identifier: Apache-2.0
"""The mean of a reference: closed forms, and its bounds for references of the envelope.

FRS_SMOOTHING_TARGETS sets how many generated targets are tried for clearance.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from dh_arm import DhKinematics
from rollouts import ARMS, FAST, LAB, start, wanted
from solid_arm import clearances

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.robot.topics.options import Options
from frs_ros.safety.envelope import SafetyEnvelope
from frs_ros.safety.smoothing import LONGEST, TOOL_LEVER, MovingAverage, deviation

WINDOW = Options(joints=()).smoothing
TARGETS = int(os.environ.get('FRS_SMOOTHING_TARGETS', '120'))
FINE = 0.001  # s
SETTINGS = {'lab': LAB, 'fast': FAST}


def averaged(times, q, window=WINDOW):
    """[n, d]: the mean at each of `times` [n] of a reference [n, d] that rested before."""
    average = MovingAverage(window)
    average.begin(q[0])
    passed = np.diff(times, prepend=times[0])
    return np.array([average.move(*step) for step in zip(q, passed)])


def along(times, of_time):
    """[n, 7] a reference whose first two joints go together."""
    return np.outer(of_time(times), [1.0, -0.5, 0, 0, 0, 0, 0])


# ---- closed forms ------------------------------------------------------------------------------


def test_at_constant_velocity_it_is_half_the_window_late():
    times = np.cumsum(np.random.default_rng(0).uniform(1e-4, LONGEST, 200))
    q = along(times, lambda t: 0.5 * t)
    late = along(times - WINDOW / 2, lambda t: 0.5 * t)
    settled = times > times[0] + WINDOW
    np.testing.assert_allclose(averaged(times, q)[settled], late[settled], atol=1e-12)


def test_at_constant_acceleration_it_is_off_by_a_w2_by_24_in_the_middle():
    times, a = np.arange(0, 0.3, 5e-4), 2.5
    mean = averaged(times, along(times, lambda t: a * t**2 / 2))
    middle = along(times - WINDOW / 2, lambda t: a * t**2 / 2 + a * WINDOW**2 / 24)
    settled = times > WINDOW
    np.testing.assert_allclose(mean[settled], middle[settled], atol=1e-7)


def test_a_step_of_the_acceleration_becomes_a_ramp_of_it():
    times, a = np.arange(0, WINDOW, 2e-4), 2.5
    mean = averaged(times, along(times, lambda t: a * t**2 / 2))
    np.testing.assert_allclose(mean, along(times, lambda t: a * t**3 / (6 * WINDOW)), atol=1e-8)


def test_braking_ends_where_the_reference_does_on_its_line_and_a_window_later():
    envelope = SafetyEnvelope(FR3.limits, DhKinematics(FR3), LAB)
    reference = envelope.begin(FR3.home)
    average = MovingAverage(WINDOW)
    average.begin(reference.q)
    rng, sent, passed = np.random.default_rng(0), [], []
    for _ in range(25):
        reference = envelope.step(reference, FR3.home + 0.2, reference.q, 0.01).reference
        average.move(reference.q, 0.01)
    origin, way = reference.q, reference.dq
    assert np.abs(way).max() > 0.2
    while reference.dq.any():
        dt = rng.uniform(1e-4, LONGEST)
        passed.append(dt)
        reference = envelope.brake(reference, reference.q, dt).reference
        sent.append(average.move(reference.q, dt))
    at_once = len(sent)
    for _ in range(3):
        passed.append(WINDOW / 3)
        sent.append(average.move(reference.q, WINDOW / 3))
    np.testing.assert_allclose(sent[-1], reference.q, atol=1e-12)
    went = np.array(sent) - origin
    share = went @ way / (way @ way)
    assert (np.diff(share) >= -1e-12).all()  # it never goes back
    later = np.cumsum(passed) > WINDOW  # before, the mean still sees what was before the braking
    assert later[:at_once].sum() >= 3
    np.testing.assert_allclose((went - np.outer(share, way))[later], 0, atol=1e-12)


def test_it_depends_on_the_way_and_not_on_how_the_steps_are_cut():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(1e-4, LONGEST, 50))
    q = np.cumsum(rng.normal(0, 0.01, (50, 7)), axis=0)
    cut = np.sort(np.concatenate([times, rng.uniform(times[0], times[-1], 500)]))
    finer = np.stack([np.interp(cut, times, joint) for joint in q.T], axis=1)
    mean = averaged(cut, finer)[np.searchsorted(cut, times)]
    np.testing.assert_allclose(mean, averaged(times, q), atol=1e-12)


def test_no_window_is_the_reference_itself_and_no_time_does_not_count():
    average = MovingAverage(0.0)
    average.begin(np.zeros(7))
    q = np.full(7, 0.1)
    np.testing.assert_array_equal(average.move(q, 0.01), q)
    average = MovingAverage(WINDOW)
    average.begin(np.zeros(7))
    for dt in (0.0, -1.0):
        np.testing.assert_array_equal(average.move(q, dt), np.zeros(7))
    np.testing.assert_allclose(average.move(q, WINDOW / 2), q / 2)
    np.testing.assert_allclose(average.move(q, 10.0), q)
    average.begin(np.ones(7))
    np.testing.assert_allclose(average.move(np.ones(7), 0.01), np.ones(7))


# ---- bounds for what the envelope makes --------------------------------------------------------


def references(model, settings, rng, steps):
    """Times [n] and references [n, 7] of generated targets, at irregular steps."""
    kinematics = DhKinematics(model)
    envelope = SafetyEnvelope(model.limits, kinematics, settings)
    reference = envelope.begin(np.clip(start(rng, model), model.limits.low, model.limits.high))
    times, q = [0.0], [reference.q]
    for i in range(steps):
        if i % rng.choice([3, 10, 40]) == 0:
            target = wanted(rng, model, reference.q, kinematics)
        dt = rng.choice([0.01, 1e-4, rng.uniform(1e-4, LONGEST)], p=[0.5, 0.1, 0.4])
        reference = envelope.step(reference, target, reference.q, dt).reference
        times.append(times[-1] + dt)
        q.append(reference.q)
    return np.array(times), np.array(q)


def resampled(times, q):
    """The same reference every `FINE` s."""
    grid = np.arange(times[0], times[-1], FINE)
    return grid, np.stack([np.interp(grid, times, joint) for joint in q.T], axis=1)


def jerk(q, over=LONGEST):
    """[7] largest change of the acceleration over `over` s, divided by them, of q each FINE s."""
    acceleration = np.diff(q, 2, axis=0) / FINE**2
    apart = round(over / FINE)
    return np.abs(acceleration[apart:] - acceleration[:-apart]).max(axis=0) / over


@pytest.mark.slow
@pytest.mark.parametrize('chosen', SETTINGS)
@pytest.mark.parametrize('arm', ARMS)
def test_velocity_acceleration_jerk_and_deviation_are_bounded(arm, chosen):
    model, settings = ARMS[arm], SETTINGS[chosen]
    a = np.minimum(settings.acceleration, settings.share * model.limits.acceleration)
    bound = 2 * a * (1 + (LONGEST + 2 * FINE) / LONGEST) / WINDOW  # FINE: of the differences
    rng, most, raw = np.random.default_rng(0), np.zeros(7), np.zeros(7)
    for _ in range(4):
        times, q = resampled(*references(model, settings, rng, 250))
        mean = averaged(times, q)
        most, raw = np.maximum(most, jerk(mean)), np.maximum(raw, jerk(q))
        speed = np.abs(np.diff(q, axis=0)).max(axis=0)
        assert (np.abs(np.diff(mean, axis=0)) <= speed + 1e-12).all()
        change = np.abs(np.diff(mean, 2, axis=0)).max(axis=0) / FINE**2
        assert (change <= a * (1 + LONGEST / WINDOW) + 1e-6).all()
        lag = round(WINDOW / 2 / FINE)
        off = np.abs(mean[2 * lag :] - q[lag:-lag]).max(axis=0)
        assert (off <= deviation(a, WINDOW) + 1e-12).all()
        assert (mean >= q.min(axis=0) - 1e-12).all()
        assert (mean <= q.max(axis=0) + 1e-12).all()
    assert (most <= bound).all()
    assert most.max() > bound.max() / 6  # the case is a hard one,
    assert (raw > bound).any()  # and without the mean it would not hold


@pytest.mark.parametrize('arm', ARMS)
def test_at_the_full_acceleration_the_jerk_is_within_the_limit_of_the_arm(arm):
    limits = ARMS[arm].limits
    assert (4 * limits.acceleration / WINDOW <= limits.jerk).all()


# ---- clearance -----------------------------------------------------------------------------


@pytest.mark.parametrize('arm', ARMS)
def test_no_joint_moves_the_tool_more_than_its_lever(arm):
    model = ARMS[arm]
    kinematics, rng = DhKinematics(model), np.random.default_rng(0)
    for q in rng.uniform(model.limits.low, model.limits.high, (2000, 7)):
        levers = np.linalg.norm(kinematics.jacobian(q)[:3], axis=0)
        assert (levers <= TOOL_LEVER).all()


@pytest.fixture(scope='module')
def kinematics():
    pytest.importorskip('pinocchio')
    from frs_ros.arm.kinematics import PinocchioKinematics

    return {name: PinocchioKinematics.of_model(model) for name, model in ARMS.items()}


def low(model, kinematics, rng):
    """[7] with the tool within the box, near its lower half."""
    box = LAB.box
    while True:
        q = np.clip(model.home + rng.normal(0, 0.4, 7), model.limits.low, model.limits.high)
        tool = kinematics.pose(q)[:3, 3]
        if (tool > box.low + 0.02).all() and (tool < box.high - 0.02).all() and tool[2] < 0.4:
            found = clearances(q[None])
            if min(found['links'][0], found['fingers'][0], found['self'][0]) > 0.03:
                return q


@pytest.mark.slow
@pytest.mark.parametrize('chosen', SETTINGS)
@pytest.mark.parametrize('arm', ARMS)
def test_what_is_sent_keeps_clear_although_it_is_off_the_way(kinematics, arm, chosen):
    model, settings, k = ARMS[arm], SETTINGS[chosen], kinematics[arm]
    envelope = SafetyEnvelope(model.limits, k, settings, smoothing=WINDOW)
    rng, sent, named = np.random.default_rng(0), [], set()
    for i in range(TARGETS):
        if i % 6 == 0:
            reference = envelope.begin(low(model, k, rng))
            average = MovingAverage(WINDOW)
            average.begin(reference.q)
        down = rng.normal(size=6) * [0.6, 0.6, 0.3, 0.3, 0.3, 0.3] - [0, 0, 1, 0, 0, 0]
        step = np.linalg.lstsq(k.jacobian(reference.q), down, rcond=1e-2)[0]
        target = reference.q + rng.uniform(0.1, 0.6) * step
        for dt in rng.choice([0.01, 1e-4, 0.03], 16, p=[0.6, 0.1, 0.3]):
            done = envelope.step(reference, target, reference.q, dt)
            reference = done.reference
            named.update(done.clipped_by)
            # the clock of the sender is not that of the envelope: its loop jitters
            sent.append(average.move(reference.q, max(dt + rng.uniform(-0.003, 0.003), 0.0)))
    sent, box = np.array(sent), settings.box
    found, keep = clearances(sent), settings.clearance
    assert (found['links'] - keep.links).min() >= 0
    assert (found['fingers'] - keep.fingers).min() >= 0
    assert (found['self'] - keep.between).min() >= 0
    tools = np.array([k.pose(q)[:3, 3] for q in sent])
    assert (tools >= box.low).all()
    assert (tools <= box.high).all()
    assert {'link_floor', 'workspace'} <= named


@pytest.mark.parametrize('window', [0.0, WINDOW, 0.1])
def test_the_envelope_keeps_clearer_by_what_the_mean_can_be_off(kinematics, window):
    k = kinematics['fr3']
    roomy = WorkspaceBox(low=np.array([-1.0, -1, -1]), high=np.array([1.0, 1, 1]))
    off = deviation(np.full(7, LAB.acceleration), window)
    floor = SafetyEnvelope(FR3.limits, k, replace(LAB, box=roomy), smoothing=window)
    box = SafetyEnvelope(FR3.limits, k, replace(LAB, clearance=None), smoothing=window)
    heights = []
    for envelope in (floor, box):
        reference = envelope.begin(FR3.home)
        for _ in range(600):
            down = np.linalg.lstsq(k.jacobian(reference.q), [0, 0, -1, 0, 0, 0], rcond=1e-2)[0]
            target = reference.q + 0.3 * down
            reference = envelope.step(reference, target, reference.q, 0.01).reference
        heights.append((clearances(reference.q[None])['fingers'][0], k.pose(reference.q)[2, 3]))
    above_floor, above_face = heights[0][0], heights[1][1] - LAB.box.low[2]
    for room in (above_floor - TOOL_LEVER @ off, above_face - TOOL_LEVER @ off):
        assert 0.0005 <= room < 0.006


def test_a_box_without_room_for_the_mean_is_refused():
    small = replace(
        LAB, box=WorkspaceBox(np.array([0.4, 0, 0.3]), np.array([0.45, 0.1, 0.4]), 0.02)
    )
    SafetyEnvelope(FR3.limits, DhKinematics(FR3), small, smoothing=WINDOW)
    with pytest.raises(ConfigError, match=r'leaves no room.*lower smoothing') as caught:
        SafetyEnvelope(FR3.limits, DhKinematics(FR3), small, smoothing=0.2)
    assert '\n' not in str(caught.value)
