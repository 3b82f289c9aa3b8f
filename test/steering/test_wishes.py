# SPDX-License-Identifier: Apache-2.0
"""Every kind of wish through every method, in Cartesian and in joint space."""

import numpy as np
import pytest
from mixture_policy import NAMES, MixturePolicy, observation

pytest.importorskip('pinocchio')
pytest.importorskip('torch')

from frs_ros.arm.differential_ik import difference
from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.guidance.chunk import GivenChunk
from frs_ros.guidance.path import Path
from frs_ros.guidance.references.frames import CameraAxes
from frs_ros.guidance.references.writer import References, robot_reference
from frs_ros.messages.any_guidance import GuidanceError
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.messages.plan import PlanRequest
from frs_ros.policies.random_droid import RandomDroidPolicy
from frs_ros.serving.example import example_observation
from frs_ros.serving.planner import Planner
from frs_ros.steering.base import plan_rng
from frs_ros.steering.guided_dims import guided_dims
from frs_ros.steering.registry import METHODS, make_steerer
from frs_ros.types import CARTESIAN_DELTA, JOINT_DELTA

KINEMATICS = PinocchioKinematics.of_model(FR3)
STEERING = [m for m in METHODS if m != 'base']
INVERTING = [m for m in STEERING if m not in ('direct', 'partial_noising', 'sample_and_rank')]
OPTIONS = {'sample_and_rank': {'n': 200}, 'partial_noising': {'level': 0.7}}
MIXTURE = MixturePolicy()
DROID = RandomDroidPolicy()
SEEN = example_observation(DROID)
HOME = KINEMATICS.pose(FR3.home)
FORWARD = np.tile([0.8, 0, 0, 0, 0, 0, 1.0], (4, 1))
WISHES = {
    'direction': Guidance(direction=[1, 0, 0]),
    'tool': Guidance(direction=[1, 0, 0], frame='tool'),
    'rotation': Guidance(rotation=[0, 0, 1]),
    'gripper': Guidance(gripper=Gripper.CLOSE),
    'path': Path([[0.5, 0.0, 0.0]]),
    'chunk': GivenChunk(FORWARD, NAMES, CARTESIAN_DELTA, 20.0),
}


def cartesian(method, wish, seed=0):
    steerer = make_steerer(method, References(), **OPTIONS.get(method, {}))
    return steerer.plan(MIXTURE, observation(), wish, plan_rng(seed, 0))


def joints(method, wish, seed=0):
    steerer = make_steerer(method, robot_reference(DROID.spec, 'fr3'), **OPTIONS.get(method, {}))
    return steerer.plan(DROID, SEEN, wish, plan_rng(seed, 0))


def tool_motion(chunk):
    """[6] how the tool moves and turns as the executed actions begin."""
    q = FR3.home + 0.2 * chunk[: DROID.spec.execute_steps, :7].mean(axis=0)
    return difference(HOME, KINEMATICS.pose(q))


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('name', WISHES)
def test_every_method_takes_every_wish(method, name):
    plan = cartesian(method, WISHES[name])
    assert plan.method == method
    assert np.isfinite(plan.chunk).all()


@pytest.mark.parametrize('method', STEERING)
@pytest.mark.parametrize('name', ['direction', 'tool', 'path', 'chunk'])
def test_wishes_for_the_same_motion_have_the_same_effect(method, name):
    """The example state is not turned, so that the tool's x axis is the base's."""
    mean = cartesian(method, WISHES[name]).chunk[:, :3].mean(axis=0)
    assert cosine(mean, np.array([1.0, 0, 0])) > 0.8


# ---- rotation ---------------------------------------------------------------------------------


@pytest.mark.parametrize('method', STEERING)
@pytest.mark.parametrize('axis', range(3))
@pytest.mark.parametrize('sign', [-1, 1])
def test_the_tool_turns_as_wished(method, axis, sign):
    rotation = sign * np.eye(3)[axis]
    steered, unsteered = (
        np.mean([p.chunk[:, 3:6].mean(0) for p in plans], axis=0)
        for plans in (
            [cartesian(method, Guidance(rotation=rotation), seed) for seed in range(4)],
            [cartesian('base', None, seed) for seed in range(4)],
        )
    )
    turn = (steered - [0.02, 0, 0]) / [0.2, 0.2, 0.3]  # in model space, where still is 0
    assert cosine(turn, rotation) > 0.8
    assert steered @ rotation > unsteered @ rotation


@pytest.mark.parametrize('method', ['direct', *INVERTING])
def test_the_weight_of_a_rotation_is_its_speed(method):
    """Half the weight, half the turn; the magnitude is that of the direction only."""
    half, whole, slow = (
        cartesian(method, Guidance(rotation=[0, 0, weight], magnitude=magnitude)).chunk[:, 5]
        for weight, magnitude in ((0.4, 1), (0.8, 1), (0.8, 0.1))
    )
    assert whole.mean() == pytest.approx(2 * half.mean(), rel=0.15)
    np.testing.assert_array_equal(slow, whole)


def test_full_weight_is_the_edge_of_the_training_data():
    for method in ('direct', 'frs_fixed_point'):
        turn = cartesian(method, Guidance(rotation=[0, 0, 1])).chunk[:, 5]
        np.testing.assert_allclose(turn, 0.3, atol=0.01)


@pytest.mark.parametrize('method', INVERTING)
@pytest.mark.parametrize('axis', [[1, 0, 0], [0, -1, 0], [0, 0, 1]])
def test_the_tool_turns_as_wished_in_joint_space(method, axis):
    wish = Guidance(rotation=0.6 * np.array(axis))
    turns = [tool_motion(joints(method, wish, seed).chunk)[3:] for seed in range(4)]
    alone = [tool_motion(joints('base', None, seed).chunk)[3:] for seed in range(4)]
    agreement = np.mean([cosine(turn, np.array(axis)) for turn in turns])
    assert agreement > 0.7
    assert agreement > np.mean([cosine(turn, np.array(axis)) for turn in alone])


def test_direct_rotation_in_joint_space_is_the_wish_itself():
    whole, half = (
        tool_motion(joints('direct', Guidance(rotation=[0, 0, w])).chunk) for w in (0.1, 0.05)
    )
    assert cosine(whole[3:], np.array([0, 0, 1.0])) > 0.99
    assert np.linalg.norm(whole[:3]) < 0.01
    np.testing.assert_allclose(half[5], whole[5] / 2, rtol=0.05)


# ---- gripper ----------------------------------------------------------------------------------


@pytest.mark.parametrize('method', INVERTING)
def test_the_hand_obeys_in_joint_space(method):
    """A random field knows no open and closed hand, but the wish shows."""
    opened, closed = (
        np.mean([joints(method, Guidance(gripper=wish), s).chunk[:, 7].mean() for s in range(4)])
        for wish in (Gripper.OPEN, Gripper.CLOSE)
    )
    assert closed > opened + 0.3


def test_a_hand_that_nobody_speaks_of_is_held_by_direct_execution():
    for name in ('direction', 'path', 'rotation'):
        np.testing.assert_array_equal(cartesian('direct', WISHES[name]).chunk[:, 6], -1)
    np.testing.assert_allclose(cartesian('direct', WISHES['chunk']).chunk[:, 6], 1, atol=1e-6)


# ---- paths and chunks in joint space ----------------------------------------------------------


@pytest.mark.parametrize('method', ['direct', *INVERTING])
def test_a_path_moves_the_tool_in_joint_space(method):
    goal = np.array([0.0, 0.3, 0])
    path = Path([HOME[:3, 3] + goal], magnitude=0.5)
    ways = [tool_motion(joints(method, path, seed).chunk)[:3] for seed in range(4)]
    assert np.mean([cosine(way, goal) for way in ways]) > 0.8


@pytest.mark.parametrize('method', ['direct', *INVERTING])
def test_a_plan_of_the_policy_itself_is_given_back(method):
    """It lies where the policy's actions do: reversal and denoising should hardly move it."""
    own = joints('base', None, seed=5)
    names = DROID.spec.names
    given = GivenChunk(own.chunk.clip(-2, 2), names, JOINT_DELTA, DROID.spec.control_hz)
    back = joints(method, given, seed=1)
    assert back.diagnostics['cosine'] > 0.95


# ---- what wishes are about --------------------------------------------------------------------


@pytest.mark.parametrize(
    ('name', 'dims'),
    [
        ('direction', [0, 1, 2]),
        ('rotation', [3, 4, 5]),
        ('gripper', [6]),
        ('path', [0, 1, 2]),
        ('chunk', [0, 1, 2, 3, 4, 5, 6]),
    ],
)
def test_wished_dimensions(name, dims):
    assert guided_dims(WISHES[name], MIXTURE.spec) == dims
    arm = [DROID.spec.names.index(f'joint_{i}') for i in range(1, 8)] if dims != [6] else []
    hand = DROID.spec.indices('gripper') if 6 in dims else []
    assert guided_dims(WISHES[name], DROID.spec) == arm + hand


# ---- wishes that cannot be followed -----------------------------------------------------------


@pytest.mark.parametrize('method', STEERING)
@pytest.mark.parametrize(
    ('wish', 'message'),
    [
        (Guidance(direction=[1, 0, 0], frame='wrist'), "frame 'wrist'; known are: base, tool"),
        (GivenChunk(np.zeros((2, 1)), ('elbow',), CARTESIAN_DELTA, 20.0), 'guided in elbow'),
        (GivenChunk(np.zeros((2, 1)), ('joint_1',), JOINT_DELTA, 20.0), "is 'joint_delta'"),
    ],
)
def test_a_wish_that_cannot_be_followed_costs_no_plan(method, wish, message):
    request = PlanRequest(3, 'e', 11, '', 0)
    planner = Planner(MIXTURE, make_steerer(method, References()))
    plan, complaint = planner.follow(request, observation(), wish)
    assert message in complaint
    alone = planner.unsteered(request, observation())
    np.testing.assert_array_equal(plan.chunk, alone.chunk)
    assert plan.method == 'base'
    with pytest.raises(GuidanceError):
        planner.plan(request, observation(), wish)


def test_a_camera_frame_is_known_to_the_writer_that_has_it():
    left = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # right in the image is the base's y
    references = References(cameras={'wrist': CameraAxes(left)})
    planner = Planner(MIXTURE, make_steerer('direct', references))
    wish = Guidance(direction=[1, 0, 0], frame='wrist')
    plan, complaint = planner.follow(PlanRequest(0, 'e', 0, '', 0), observation(), wish)
    assert complaint == ''
    np.testing.assert_allclose(plan.chunk[:, :3], np.tile([0.05, 1, -0.1], (4, 1)), atol=1e-6)
