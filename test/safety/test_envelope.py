# SPDX-License-Identifier: Apache-2.0
"""The envelope as a whole: what holds after every step, and that the arm still gets somewhere."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from cases import CASES
from dh_arm import DhKinematics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rollouts import ARMS, LAB, ODD_NUMBERS, SETTINGS, Judge, rollout

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3
from frs_ros.safety.envelope import EnvelopeSettings, Reference, Rejected, SafetyEnvelope

STEPS = 60  # of a sequence
DT = 0.01
# What may be missing to a limit. All but two are rounding; these two are what lies between the
# points of a stopping path that are looked at: tool speed (relative), and how far a tool that was
# outside of the box from the start may get farther out on its way in (m).
TOLERANCE = {
    'integral': 1e-9,
    'velocity': 1e-9,
    'acceleration': 1e-9,
    'margin': 1e-9,
    'jump': 1e-9,
    'box': 1e-9,
    'tool': 1e-3,
    'box outside': 1e-4,
}
LIMITS = (
    'velocity',
    'tool_speed',
    'workspace',
    'joint_margin',
    'acceleration',
    'jump',
    'time',
)
HOME = FR3.home
KINEMATICS = DhKinematics()


@pytest.fixture
def lab() -> SafetyEnvelope:
    return SafetyEnvelope(FR3.limits, KINEMATICS, LAB)


def position(reference):
    return KINEMATICS.pose(reference.q)[:3, 3].copy()


def along(reference, direction):
    """[7] target 0.3 m away in a direction."""
    move = np.linalg.lstsq(KINEMATICS.jacobian(reference.q)[:3], direction, rcond=None)[0]
    return reference.q + 0.3 * move


def settle(envelope, reference, target, seconds=6.0, measured=None):
    """Steps with an ideal arm, or one that does not move; returns the last reference."""
    for _ in range(int(seconds / DT)):
        arm = reference.q if measured is None else measured
        reference = envelope.step(reference, target, arm, DT).reference
    return reference


# ---- properties ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize('lab_name', SETTINGS)
@pytest.mark.parametrize('arm', ARMS)
def test_no_sequence_of_inputs_leads_out_of_the_limits(rng, arm, lab_name):
    model, chosen = ARMS[arm], SETTINGS[lab_name]
    envelope = SafetyEnvelope(model.limits, DhKinematics(model), chosen)
    judge, counts = Judge(model, chosen, DhKinematics(model)), Counter()
    for _ in range(CASES['envelope'] // STEPS // len(ARMS) // len(SETTINGS)):
        rollout(rng, envelope, judge, STEPS, counts)
    for name, tolerance in TOLERANCE.items():
        assert judge.worst[name] <= tolerance, name
    for name in LIMITS:
        assert counts[name] > 0.01 * counts['steps'], f'{name} was hardly at work: {counts}'
    assert counts['rejected'] < 0.05 * counts['steps']


def test_the_same_with_the_kinematics_of_pinocchio(rng):
    pytest.importorskip('pinocchio')
    from frs_ros.arm.kinematics import PinocchioKinematics

    envelope = SafetyEnvelope(FR3.limits, PinocchioKinematics.of_model(FR3), LAB)
    judge, counts = Judge(FR3, LAB, KINEMATICS), Counter()
    for _ in range(CASES['envelope_with_pinocchio'] // STEPS):
        rollout(rng, envelope, judge, STEPS, counts)
    for name, tolerance in TOLERANCE.items():
        assert judge.worst[name] <= tolerance, name


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-3, 3)
VECTORS = hnp.arrays(float, st.sampled_from([7, 7, 7, 7, 6, 8, (1, 7), 0]), elements=NUMBERS)


@pytest.mark.slow
@settings(max_examples=CASES['envelope_anything'], deadline=None, database=None)
@given(q=VECTORS, dq=VECTORS, target=VECTORS, near=st.booleans(), dt=NUMBERS, brake=st.booleans())
def test_anything_is_either_refused_or_gives_finite_numbers(q, dq, target, near, dt, brake):
    envelope = SafetyEnvelope(FR3.limits, KINEMATICS, LAB)
    reference = Reference(HOME + 0.01, np.zeros(7)) if near else Reference(q, dq)
    measured = HOME if near else q
    try:
        if brake:
            after = envelope.brake(reference, measured, dt).reference
        else:
            after = envelope.step(reference, target, measured, dt).reference
    except Rejected as verdict:
        after, reason = None, verdict.reason
    if after is None:
        assert reason
        assert '\n' not in reason
        return
    assert np.isfinite(after.q).all()
    assert np.isfinite(after.dq).all()
    assert (np.abs(after.dq) <= 0.5 + 1e-9).all()
    assert (np.abs(after.q - measured) <= 0.25 + 1e-9).all()


# ---- what is refused -----------------------------------------------------------------------


@pytest.mark.parametrize('number', ODD_NUMBERS)
@pytest.mark.parametrize('part', ['target', 'measured', 'q', 'dq'])
def test_numbers_that_cannot_be_are_refused_or_harmless(lab, part, number):
    bad = HOME.copy()
    bad[3] = number
    parts = {'q': HOME, 'dq': np.zeros(7), 'target': HOME, 'measured': HOME, part: bad}
    reference = Reference(parts['q'], parts['dq'])
    if part == 'target' and np.isfinite(number):  # far away is no error
        after = lab.step(reference, bad, HOME, DT).reference
        assert (np.abs(after.dq) <= 2.5 * DT + 1e-9).all()
        return
    with pytest.raises(Rejected):
        lab.step(reference, parts['target'], parts['measured'], DT)
    if part != 'target':
        with pytest.raises(Rejected):
            lab.brake(reference, parts['measured'], DT)


@pytest.mark.parametrize('bad', [[], [0.0] * 6, [[0.0] * 7], None, 'home', ['a'] * 7, 0.0])
def test_what_is_not_seven_numbers_is_refused(lab, bad):
    rest = lab.begin(HOME)
    with pytest.raises(Rejected, match='measured position'):
        lab.begin(bad)
    with pytest.raises(Rejected, match='target'):
        lab.step(rest, bad, HOME, DT)
    with pytest.raises(Rejected, match='measured position'):
        lab.brake(rest, bad, DT)


def test_a_reference_that_is_too_fast_is_not_ours(lab):
    with pytest.raises(Rejected, match='faster than its limit'):
        lab.step(Reference(HOME, np.full(7, 0.6)), HOME, HOME, DT)


# ---- time ----------------------------------------------------------------------------------


@pytest.mark.parametrize('dt', [0.0, -1.0, np.nan, -np.inf])
def test_nothing_moves_while_no_time_passes(lab, dt):
    moving = settle(lab, lab.begin(HOME), HOME + 0.2, 0.1)
    for step in (lab.step(moving, HOME + 0.2, HOME, dt), lab.brake(moving, HOME, dt)):
        np.testing.assert_array_equal(step.reference.q, moving.q)
        np.testing.assert_array_equal(step.reference.dq, moving.dq)
        assert ('time' in step.clipped_by) == (dt != 0)


@pytest.mark.parametrize('dt', [0.2, 1e9, np.inf])
def test_a_gap_is_not_caught_up_with(lab, dt):
    moving = settle(lab, lab.begin(HOME), HOME + 0.2, 0.1)
    step = lab.step(moving, HOME + 0.2, moving.q, dt)
    longest = lab.step(moving, HOME + 0.2, moving.q, 0.1)
    np.testing.assert_array_equal(step.reference.q, longest.reference.q)
    assert 'time' in step.clipped_by


# ---- motion --------------------------------------------------------------------------------


def test_it_begins_at_rest_where_the_arm_is_and_stays_there(lab):
    rest = lab.begin(HOME)
    step = lab.step(rest, HOME, HOME, DT)
    np.testing.assert_array_equal(step.reference.q, HOME)
    assert not step.reference.dq.any()
    assert step.clipped_by == ()


def test_inputs_are_not_changed(lab):
    reference = Reference(HOME.copy(), np.full(7, 0.01))
    target, measured = HOME + 0.5, HOME + 0.01
    lab.step(reference, target, measured, DT)
    lab.brake(reference, measured, DT)
    np.testing.assert_array_equal(reference.q, HOME)
    np.testing.assert_array_equal(target, HOME + 0.5)
    np.testing.assert_array_equal(measured, HOME + 0.01)


@pytest.mark.parametrize('dt', [0.01, 0.1])
def test_a_target_within_the_limits_is_reached_straight_and_without_overshoot(lab, rng, dt):
    for _ in range(2):
        target = HOME + rng.uniform(-0.2, 0.2, 7)
        reference, way = lab.begin(HOME), target - HOME
        for _ in range(int(3.0 / dt)):
            reference = lab.step(reference, target, reference.q, dt).reference
            done = (reference.q - HOME) / way
            assert np.ptp(done) < 1e-6, 'all joints do the same share of their way'
            assert done.max() < 1 + 1e-6
        np.testing.assert_allclose(reference.q, target, atol=1e-3)


def test_a_far_target_is_approached_at_the_speed_of_the_lab(lab):
    target = HOME + np.array([0, 0, 0, 0, 0, 0, 1.0])
    wrist = settle(lab, lab.begin(HOME), target, 1.0)
    assert wrist.dq[6] == pytest.approx(0.5)  # joint speed; 0.6 rad/s of rotation allow it
    target = along(lab.begin(HOME), np.array([0, 1.0, 0]))
    side = settle(lab, lab.begin(HOME), target, 0.5)
    assert np.linalg.norm(KINEMATICS.jacobian(side.q)[3:] @ side.dq) <= 0.6 + 1e-6


def test_pressed_against_the_face_of_the_box_the_tool_slides_along():
    # without clearance: the gripper tilts on its way, and its fingers would be down first
    lab = SafetyEnvelope(FR3.limits, KINEMATICS, replace(LAB, clearance=None))
    reference = lab.begin(HOME)
    for _ in range(250):
        reference = lab.step(reference, along(reference, [0.0, 0, -1]), reference.q, DT).reference
    down = position(reference)
    assert LAB.box.low[2] <= down[2] <= LAB.box.low[2] + 0.005
    for _ in range(100):
        reference = lab.step(
            reference, along(reference, [0.0, 0.7, -0.7]), reference.q, DT
        ).reference
        assert position(reference)[2] >= LAB.box.low[2]
    assert position(reference)[1] - down[1] > 0.08


def test_a_joint_at_its_end_does_not_hold_the_others_up(lab):
    target = HOME + np.array([0.3, 0, 0, 0, 0, 0, 0])
    target[5] = FR3.limits.high[5] + 1
    target[6] = 0.5
    roomy = SafetyEnvelope(FR3.limits, KINEMATICS, replace(LAB, box=everywhere()))
    reference = settle(roomy, roomy.begin(HOME), target, 12.0)
    assert reference.q[5] == pytest.approx(FR3.limits.high[5] - 0.1, abs=1e-3)
    np.testing.assert_allclose(reference.q[[0, 6]], target[[0, 6]], atol=1e-3)


def everywhere():
    return WorkspaceBox(np.full(3, -9.0), np.full(3, 9.0))


def test_a_contact_holds_the_reference_up_and_its_end_sets_it_free(lab):
    target = HOME + np.array([0.0, 0, 0, 0, 0, 0, 0.6])
    held = settle(lab, lab.begin(HOME), target, 3.0, measured=HOME)
    assert held.q[6] - HOME[6] == pytest.approx(0.8 * LAB.jump, abs=1e-3)
    assert not held.dq.any() or np.abs(held.dq).max() < 1e-3
    free = settle(lab, held, target, 3.0)
    np.testing.assert_allclose(free.q, target, atol=1e-3)


def test_the_reference_follows_an_arm_that_is_pushed_and_gives_up_if_it_is_too_fast(lab):
    reference, arm = lab.begin(HOME), HOME.copy()
    for _ in range(200):
        arm[6] += 0.2 * DT
        reference = lab.step(reference, HOME, arm, DT).reference
    assert arm[6] - reference.q[6] < LAB.jump
    arm[6] = reference.q[6] + LAB.jump + 0.01
    with pytest.raises(Rejected, match=r'joint 7 is 0\.2\d rad away from its reference'):
        lab.step(reference, HOME, arm, DT)
    with pytest.raises(Rejected, match='joint 7'):
        lab.brake(reference, arm, DT)


def test_braking_comes_to_rest_as_fast_as_allowed(lab):
    moving = settle(lab, lab.begin(HOME), HOME + np.eye(7)[6], 1.0)
    assert moving.dq[6] == pytest.approx(0.5)
    reference, steps = moving, 0
    while reference.dq.any():
        reference = lab.brake(reference, reference.q, DT).reference
        steps += 1
    assert steps * DT == pytest.approx(0.5 / 2.5, abs=1.5 * DT)
    assert 0 < reference.q[6] - moving.q[6] <= 0.5**2 / (2 * 2.5)


@pytest.mark.parametrize('joint', [3, 5])
def test_from_beyond_a_margin_it_only_goes_inward(lab, joint):
    roomy = SafetyEnvelope(FR3.limits, KINEMATICS, replace(LAB, box=everywhere()))
    start = HOME.copy()
    start[joint] = FR3.limits.high[joint] - 0.02
    stay = settle(roomy, roomy.begin(start), start + np.eye(7)[joint], 1.0)
    np.testing.assert_allclose(stay.q, start)
    inside = settle(roomy, roomy.begin(start), HOME, 7.0)
    np.testing.assert_allclose(inside.q, HOME, atol=1e-3)


def test_from_outside_of_the_box_it_only_goes_inward(lab):
    small = replace(LAB, box=WorkspaceBox(np.array([0.2, -0.3, 0.45]), np.array([0.7, 0.3, 0.9])))
    envelope = SafetyEnvelope(FR3.limits, KINEMATICS, small)  # home is 6 cm below
    reference = envelope.begin(HOME)
    assert envelope.step(reference, HOME, HOME, DT).reference.dq.any() == np.False_
    for _ in range(200):
        target = along(reference, [0.0, 0, -1])
        reference = envelope.step(reference, target, reference.q, DT).reference
    assert position(reference)[2] >= KINEMATICS.pose(HOME)[2, 3] - 1e-4
    for _ in range(500):
        target = along(reference, [0.0, 0, 1])
        reference = envelope.step(reference, target, reference.q, DT).reference
    assert position(reference)[2] > 0.5


def test_the_share_of_the_model_counts_even_if_the_lab_is_careless():
    careless = EnvelopeSettings(
        joint_speed=99.0, tool_speed=99.0, tool_rotation=99.0, acceleration=99.0, jump=3.0
    )
    envelope = SafetyEnvelope(FR3.limits, KINEMATICS, careless)
    reference = settle(envelope, envelope.begin(HOME), HOME + 2 * np.eye(7)[6], 0.6)
    assert reference.dq[6] == pytest.approx(0.5 * 5.26)
    first = envelope.step(envelope.begin(HOME), HOME + 2 * np.eye(7)[6], HOME, DT)
    assert first.reference.dq[6] == pytest.approx(0.5 * 10.0 * DT)
