# SPDX-License-Identifier: Apache-2.0
"""Links, gripper and tool keep clear of the floor, of boxes and of each other.

FRS_CLEARANCE_TARGETS sets how many generated targets are tried (100000 takes an hour or so).
"""

import functools
import os
from dataclasses import replace

import numpy as np
import pytest
from rollouts import ARMS, FAST, LAB
from solid_arm import clearances, frames

from frs_ros.arm.clearance import Block, Clearance
from frs_ros.arm.models import FR3, PANDA
from frs_ros.arm.shapes import GRIPPER
from frs_ros.safety.envelope import SafetyEnvelope

pytest.importorskip('pinocchio')

from frs_ros.arm.kinematics import PinocchioKinematics

TARGETS = int(os.environ.get('FRS_CLEARANCE_TARGETS', '160'))
KINEMATICS = {name: PinocchioKinematics.of_model(model) for name, model in ARMS.items()}
PAIRS = {name: kinematics.pairs(Clearance()) for name, kinematics in KINEMATICS.items()}
HOME = FR3.home
DT = 0.01
KEPT = {'links': LAB.clearance.links, 'fingers': LAB.clearance.fingers, 'self': 0.01}
BELOW = 0.0005  # m that may be missing between two points that are looked at


def envelope_of(name='fr3', settings=LAB, smoothing=0.0):
    return SafetyEnvelope(ARMS[name].limits, KINEMATICS[name], settings, smoothing=smoothing)


def kept(q):
    """[n] m, by how much q [n, 7] keeps what the defaults say; below 0 it does not."""
    found = clearances(np.atleast_2d(q))
    return np.min([found[name] - KEPT[name] for name in KEPT], axis=0)


def drive(envelope, start, target, seconds, dt=DT):
    """References on the way to a target [7] with an ideal arm, and what limited the last one."""
    reference, passed, step = envelope.begin(start), [np.array(start)], None
    for _ in range(int(seconds / dt)):
        step = envelope.step(reference, target, reference.q, dt)
        reference = step.reference
        passed.append(reference.q)
    return np.array(passed), step.clipped_by


@functools.cache
def places(name):
    """[n, 7] joint positions that the rest of the envelope calls fine, and what they keep, [n]."""
    limits, box = ARMS[name].limits, LAB.box
    q = np.random.default_rng(1).uniform(limits.low + 0.1, limits.high - 0.1, (20_000, 7))
    hand = frames(q)[:, 8]
    tool = hand[:, :3, 3] + 0.1034 * hand[:, :3, 2]
    q = q[((tool > box.low) & (tool < box.high)).all(axis=1)]
    return q, kept(q)


def placed(name, rng, low, high=np.inf):
    """[7]: one of `places` that keeps between `low` and `high` m."""
    q, room = places(name)
    choice = np.flatnonzero((room > low) & (room < high))
    return q[choice[rng.integers(len(choice))]]


# ---- nothing comes too near ----------------------------------------------------------------


def bad_target(name, rng, q):
    """[7]: anything, a place where a distance is not kept, or straight towards something."""
    kind, limits = rng.random(), ARMS[name].limits
    if kind < 0.1:
        return rng.uniform(limits.low, limits.high)
    if kind < 0.3:
        return placed(name, rng, -1, 0)
    rows = np.concatenate([pairs.near(q, 0.3)[1] for pairs in PAIRS[name]])
    if not len(rows):
        return placed(name, rng, -1, 0)
    row = rows[rng.integers(len(rows))]
    return q - row / np.abs(row).max() * rng.uniform(0.1, 1.0) + rng.normal(0, 0.05, 7)


@pytest.mark.parametrize('settings', [LAB, FAST], ids=['lab', 'fast'])
@pytest.mark.parametrize('name', ARMS)
def test_no_target_brings_a_link_too_near(name, settings):
    model, envelope = ARMS[name], envelope_of(name, settings)
    rng, steps = np.random.default_rng([TARGETS, name == 'fr3', settings is FAST]), 8
    reference, worst, named, passed = envelope.begin(model.home), np.inf, set(), []
    for i in range(TARGETS // 4):
        if i % 8 == 0:
            reference = envelope.begin(placed(name, rng, 0.005, 0.1))
        target = bad_target(name, rng, reference.q)
        for dt in rng.choice([0.01, 0.03, 0.1], steps, p=[0.2, 0.2, 0.6]):
            before = reference.q
            step = envelope.step(reference, target, reference.q, dt)
            if rng.random() < 0.03:
                step = envelope.brake(reference, reference.q, dt)
            reference = step.reference
            named.update(step.clipped_by)
            passed += [reference.q, (before + reference.q) / 2]
        if len(passed) > 4000 or i == TARGETS // 4 - 1:
            worst, passed = min(worst, kept(np.array(passed)).min()), []
    assert worst > -BELOW
    assert 'link_floor' in named


@pytest.mark.parametrize('name', ARMS)
def test_places_that_the_box_allows_are_left_out_where_a_link_would_be_below_the_table(name):
    """The gap that this closes: without it the same targets put the hand or links in the table."""
    model, rng = ARMS[name], np.random.default_rng(7)
    targets = [placed(name, rng, -1, -0.05) for _ in range(3)]
    careless = envelope_of(name, replace(LAB, clearance=None))
    for target in targets:
        assert kept(drive(careless, model.home, target, 12, 0.1)[0]).min() < -0.03
        passed, names = drive(envelope_of(name), model.home, target, 12, 0.1)
        assert kept(passed).min() > -BELOW
        assert {'link_floor', 'self_collision'} & set(names)


# ---- what is useful stays possible ---------------------------------------------------------


def reach(model, height, at, tilt=0.0, turn=0.0):
    """[7] with the tool at [2] and a height, the gripper pointing down but for a tilt."""
    from frs_ros.arm.differential_ik import reach as solve

    kinematics = KINEMATICS[model.name]
    c, s = np.cos(turn), np.sin(turn)
    down = np.array([[c, s, 0], [s, -c, 0], [0, 0, -1.0]])
    lean = np.array([[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = down @ lean, [*at, height]
    q = np.array(model.home)
    for _ in range(40):
        q = solve(kinematics, q, pose)
    np.testing.assert_allclose(kinematics.pose(q), pose, atol=1e-4)
    return q


@pytest.mark.parametrize(('name', 'smoothing'), [('fr3', 0.0), ('panda', 0.0), ('fr3', 0.03)])
def test_grasps_at_the_table_are_not_in_the_way_of_it(name, smoothing):
    """Fingertips 1 to 2 cm above the table all over it, as in DROID's and LIBERO's tasks."""
    model, envelope = ARMS[name], envelope_of(name, smoothing=smoothing)
    spots = [(0.35, 0.0), (0.45, 0.2), (0.6, -0.2), (0.6, 0.15), (0.4, -0.3)]
    for i, at in enumerate(spots):
        height, turn = 0.0095 + (0.01, 0.015, 0.02)[i % 3], (0.0, 0.6, -0.8)[i % 3]
        above, down = reach(model, 0.15, at, turn=turn), reach(model, height, at, turn=turn)
        passed, names = drive(envelope, above, down, 4, 0.03)
        np.testing.assert_allclose(passed[-1], down, atol=2e-3)
        assert not {'link_floor', 'self_collision'} & set(names)
        back, _ = drive(envelope, down, above, 4, 0.03)
        np.testing.assert_allclose(back[-1], above, atol=2e-3)


@pytest.mark.parametrize('name', ARMS)
def test_a_tilted_gripper_may_be_low_as_long_as_its_open_fingers_are_above_the_table(name):
    model, envelope = ARMS[name], envelope_of(name)
    tilted = reach(model, 0.05, (0.45, 0.1), tilt=-0.3)
    passed, _ = drive(envelope, reach(model, 0.2, (0.45, 0.1), tilt=-0.3), tilted, 4, 0.03)
    np.testing.assert_allclose(passed[-1], tilted, atol=2e-3)


@pytest.mark.parametrize('name', ARMS)
def test_the_start_position_is_clear_and_can_be_gone_to_from_all_over_the_table(name):
    model, envelope = ARMS[name], envelope_of(name)
    assert kept(model.home)[0] > 0.003
    for at in [(0.3, 0.0), (0.65, 0.3), (0.65, -0.3)]:
        passed, _ = drive(envelope, reach(model, 0.025, at), model.home, 6, 0.03)
        np.testing.assert_allclose(passed[-1], model.home, atol=2e-3)


def test_pressed_on_the_table_the_gripper_slides_along():
    envelope, kinematics = envelope_of(), KINEMATICS['fr3']
    reference = envelope.begin(reach(FR3, 0.06, (0.45, -0.2), tilt=0.3))
    passed, named = [], set()
    for i in range(300):
        push = [0, 0, -1, 0, 0, 0] if i < 130 else [0, 0.7, -0.7, 0, 0, 0]
        move = np.linalg.lstsq(kinematics.jacobian(reference.q), push, rcond=1e-2)[0]
        step = envelope.step(reference, reference.q + 0.3 * move, reference.q, DT)
        reference, named = step.reference, named | set(step.clipped_by)
        passed.append(reference.q)
    heights = clearances(np.array(passed))['fingers']
    before, after = (kinematics.pose(passed[i])[1, 3] for i in (130, -1))
    assert min(heights) >= 0
    assert heights[130] < 0.008
    assert max(heights[130:]) < 0.012
    assert after - before > 0.1
    assert 'link_floor' in named


# ---- from where it is not kept ----------------------------------------------------------------


@pytest.mark.parametrize('name', ARMS)
def test_an_arm_that_is_too_near_may_get_away_and_not_nearer(name):
    """Someone pushed it there."""
    model, rng, envelope = ARMS[name], np.random.default_rng(3), envelope_of(name)
    away = 0
    for _ in range(8):
        q, worse = placed(name, rng, -0.04, -0.005), placed(name, rng, -1, -0.06)
        for target, seconds in ((worse, 2), (model.home, 15)):
            passed, names = drive(envelope, q, target, seconds, 0.1)
            room = kept(passed)
            assert room.min() > room[0] - BELOW
        arrived = np.abs(passed[-1] - model.home).max() < 0.05
        assert arrived or {'link_floor', 'link_box', 'self_collision'} & set(names)
        away += bool(arrived)
    assert away >= 6


def test_a_gripper_in_the_table_goes_up_and_not_down():
    envelope = envelope_of()
    sunk = reach(FR3, 0.02, (0.45, 0.0))
    deeper = envelope_of(settings=replace(LAB, clearance=Clearance(floor=0.04)))
    stay, names = drive(deeper, sunk, reach(FR3, 0.012, (0.45, 0.0)), 1)
    assert clearances(stay)['fingers'].min() > clearances(sunk[None])['fingers'][0] - BELOW
    assert 'link_floor' in names
    up, _ = drive(deeper, sunk, reach(FR3, 0.15, (0.45, 0.0)), 4, 0.03)
    assert (np.diff(clearances(up)['fingers']) > -1e-6).all()
    assert clearances(up[-1:])['fingers'][0] > 0.1
    assert envelope.step(envelope.begin(sunk), sunk, sunk, DT).clipped_by == ()


# ---- what is kept clear of --------------------------------------------------------------------


def test_a_box_is_kept_clear_of_by_every_part_of_the_arm():
    box = Block(np.array([0.45, 0.12, -0.1]), np.array([0.65, 0.5, 0.3]))
    settings = replace(LAB, clearance=Clearance(boxes={'bin': box}))
    target = reach(FR3, 0.15, (0.5, 0.25))
    passed, names = drive(envelope_of(settings=settings), HOME, target, 8, 0.03)
    assert 'link_box' in names
    assert np.abs(passed[-1] - target).max() > 0.1
    hand = frames(passed[::5])[:, 8]
    for solid in GRIPPER:
        for share in np.ndindex(5, 5, 5):
            inside = solid.low + np.array(share) / 4 * np.subtract(solid.high, solid.low)
            point = hand[:, :3, :3] @ inside + hand[:, :3, 3]
            assert not ((point > box.low) & (point < box.high)).all(axis=1).any()
    free, _ = drive(envelope_of(), HOME, target, 8, 0.03)
    np.testing.assert_allclose(free[-1], target, atol=2e-3)


def test_a_camera_on_the_gripper_is_kept_above_the_table():
    camera = Block(np.array([0.03, -0.05, 0.0]), np.array([0.09, 0.05, 0.075]))
    settings = replace(LAB, clearance=Clearance(parts={'camera': camera}))
    target = reach(FR3, 0.03, (0.45, 0.0), tilt=-0.9, turn=np.pi / 2)
    passed, _ = drive(envelope_of(settings=settings), HOME, target, 10, 0.03)
    hand = frames(passed)[:, 8]
    lowest = np.inf
    for corner in np.ndindex(2, 2, 2):
        point = hand[:, :3, :3] @ np.where(corner, camera.high, camera.low) + hand[:, :3, 3]
        lowest = min(lowest, point[:, 2].min())
    assert lowest > 0.01 - BELOW


def test_the_floor_is_where_the_settings_say():
    target = reach(FR3, 0.03, (0.45, 0.1))
    high = envelope_of(settings=replace(LAB, clearance=Clearance(floor=0.1)))
    passed, names = drive(high, HOME, target, 5, 0.03)
    assert clearances(passed, floor=0.1)['fingers'].min() >= 0
    assert 'link_floor' in names


def test_distances_remembered_give_the_answers_of_those_computed():
    rng, answers = np.random.default_rng(8), []
    clearance = Clearance(boxes={'post': Block(np.array([0.3, 0.2, 0]), np.array([0.4, 0.3, 1]))})
    remembering, computing = (KINEMATICS['fr3'].pairs(clearance) for _ in range(2))
    q = HOME
    for n in range(400):
        q = rng.uniform(FR3.limits.low, FR3.limits.high) if n % 40 == 0 else q
        q = q + rng.normal(0, 10.0 ** rng.uniform(-4, -1), 7)
        for one, other in zip(remembering, computing, strict=True):
            least = other.least(q)
            for distance in (least + 1e-4, least - 1e-4, least - rng.uniform(0, 0.3)):
                assert one.exceed(q, distance) == (least > distance)
                answers.append(least > distance)
    assert 0.2 < np.mean(answers) < 0.8


@pytest.mark.parametrize('model', [FR3, PANDA], ids=lambda m: m.name)
def test_distances_know_how_they_grow(model):
    rng, checked = np.random.default_rng(5), 0
    for pairs in KINEMATICS[model.name].pairs(Clearance()):
        for _ in range(12):
            q = rng.uniform(model.limits.low, model.limits.high)
            distance, rows = pairs.near(q, 0.3)
            near = pairs.all(q) < 0.3
            np.testing.assert_allclose(pairs.all(q)[near], distance, atol=1e-5)
            assert pairs.least(q) == pytest.approx(pairs.all(q).min(), abs=1e-5)
            h = 1e-4
            steps = [pairs.all(q + h * e) - pairs.all(q - h * e) for e in np.eye(7)]
            measured = np.array(steps).T[near] / (2 * h)
            apart = distance > 0.01  # deep inside of each other the nearest points may change
            close = np.abs(measured - rows).max(axis=1, initial=0)[apart] < 5e-3
            assert close.mean() > 0.9 if len(close) else True
            assert (np.abs(measured) <= pairs.lever + 0.03).all()
            checked += len(close)
    assert checked > 200
