# SPDX-License-Identifier: Apache-2.0
"""Converters: what goes out comes back exactly, what is wrong does not come in."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip('rclpy')

from sensor_msgs.msg import JointState

from frs_ros.errors import DataError
from frs_ros.guidance.path import Path
from frs_ros.messages.episode import EpisodeEvent, Outcome
from frs_ros.messages.guidance import Gripper, Guidance
from frs_ros.messages.plan import ActionChunk, PlanRequest
from frs_ros.msg import Episode, RobotState, SteeringReport
from frs_ros.policies.mini import random_policy
from frs_ros.ros import stamps
from frs_ros.ros.convert import guidance as guidance_messages
from frs_ros.ros.convert import image, plan, robot
from frs_ros.ros.convert import scene as scene_messages
from frs_ros.ros.convert.episode import episode_from_msg, episode_to_msg
from frs_ros.ros.convert.robot import arm_positions
from frs_ros.serving.example import example_observation
from frs_ros.steering.base import plan_rng
from frs_ros.steering.registry import make_steerer
from frs_ros.types import Plan

STAMP = 1_795_168_991_377_180_857
REQUEST = PlanRequest(4, 'libero_object-0-30-0.1', 2**32 + 5, 'pick up the milk', STAMP)
NOT_FINITE = [math.nan, math.inf, -math.inf]


def make_chunk() -> ActionChunk:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((10, 7), dtype=np.float32)
    return ActionChunk(
        *(4, 'e', rng.standard_normal((10, 7)), noise, 5, 'frs', STAMP, 'cartesian_delta', 20.0),
        policy_id='0123456789abcdef',
    )


def test_stamps_keep_every_nanosecond():
    for stamp_ns in (0, 1, STAMP, (2**31 - 1) * 10**9):
        assert stamps.to_ns(stamps.to_time(stamp_ns)) == stamp_ns


@pytest.mark.parametrize('stamp_ns', [-1, 2**31 * 10**9])
def test_stamps_that_do_not_fit_are_refused(stamp_ns):
    with pytest.raises(ValueError, match='does not fit'):
        stamps.to_time(stamp_ns)


def test_guidance_round_trip():
    wish = Guidance(
        direction=np.array([1 / 3, -2.0, 0.0]),
        rotation=np.array([0.0, 0.0, 0.7]),
        gripper=Gripper.CLOSE,
        magnitude=0.3,
        enabled=False,
        defer=True,
        source='oracle',
        stamp_ns=STAMP,
    )
    back = guidance_messages.guidance_from_msg(guidance_messages.guidance_to_msg(wish))
    assert np.array_equal(back.direction, wish.direction)
    assert np.array_equal(back.rotation, wish.rotation)
    fields = [f.name for f in dataclasses.fields(wish) if f.name not in ('direction', 'rotation')]
    assert all(getattr(back, name) == getattr(wish, name) for name in fields)


@pytest.mark.parametrize('bad', NOT_FINITE)
@pytest.mark.parametrize('field', ['direction', 'rotation', 'magnitude'])
def test_guidance_must_be_finite(field, bad):
    msg = guidance_messages.guidance_to_msg(Guidance())
    setattr(msg, field, bad if field == 'magnitude' else [0.0, bad, 0.0])
    with pytest.raises(DataError, match=f'Guidance.{field}'):
        guidance_messages.guidance_from_msg(msg)


@pytest.mark.parametrize(
    ('field', 'value', 'named'),
    [
        ('magnitude', 1.5, 'magnitude'),
        ('magnitude', -0.1, 'magnitude'),
        ('gripper', 3, 'gripper'),
        ('source', 'a\nb', r'Guidance\.source .* cannot be printed'),
        ('source', 'x' * 1001, r'Guidance\.source is a text of 1001 characters'),
    ],
)
def test_guidance_out_of_range(field, value, named):
    msg = guidance_messages.guidance_to_msg(Guidance())
    setattr(msg, field, value)
    with pytest.raises(DataError, match=named):
        guidance_messages.guidance_from_msg(msg)


def test_guidance_in_another_frame_keeps_it():
    msg = guidance_messages.guidance_to_msg(Guidance(frame='wrist'))
    assert msg.header.frame_id == 'wrist'
    assert guidance_messages.guidance_from_msg(msg).frame == 'wrist'
    msg.header.frame_id = ''
    assert guidance_messages.guidance_from_msg(msg).frame == 'base'


def test_guidance_with_a_rotation_that_is_too_long():
    msg = guidance_messages.guidance_to_msg(Guidance())
    msg.rotation = [1.0, 1.0, 0.0]
    with pytest.raises(DataError, match='rotation must be no longer than 1'):
        guidance_messages.guidance_from_msg(msg)


def test_request_round_trip():
    assert plan.request_from_msg(plan.request_to_msg(REQUEST)) == REQUEST


def test_chunk_round_trip_is_exact():
    chunk = make_chunk()
    back = plan.chunk_from_msg(plan.chunk_to_msg(chunk))
    assert np.array_equal(back.actions, chunk.actions)
    assert np.array_equal(back.noise, chunk.noise)
    assert back.noise.dtype == np.float32
    names = ('request_id', 'episode_id', 'execute_steps', 'method', 'stamp_ns', 'space')
    names += ('policy_id',)
    assert all(getattr(back, name) == getattr(chunk, name) for name in names)


def test_chunk_without_noise_passes():
    chunk = dataclasses.replace(make_chunk(), noise=np.full((10, 7), np.nan, np.float32))
    assert np.isnan(plan.chunk_from_msg(plan.chunk_to_msg(chunk)).noise).all()


@pytest.mark.parametrize(
    ('changes', 'named'),
    [
        ({'horizon': 9}, 'noise'),
        ({'horizon': 0}, 'empty'),
        ({'action_dim': 6}, 'actions'),
        ({'model_dim': 8}, 'noise'),
        ({'execute_steps': 0}, 'execute_steps'),
        ({'action_space': 'polar'}, 'polar'),
        ({'control_hz': 0.0}, 'control_hz'),
        ({'control_hz': float('nan')}, 'control_hz'),
        ({'execute_steps': 11}, 'execute_steps'),
        ({'actions': [0.0] * 69 + [math.nan]}, 'actions'),
        ({'actions': [0.0] * 69}, 'actions'),
        ({'instruction': 'x' * 20_000_000}, 'instruction is a text of 20000000 characters'),
        ({'episode_id': 'x' * 1001}, 'episode_id is a text of 1001 characters'),
        ({'method': 'frs\x1b[2J'}, 'method .* cannot be printed'),
    ],
)
def test_misshaped_chunks_are_refused(changes, named):
    msg = plan.chunk_to_msg(make_chunk())
    for field, value in changes.items():
        setattr(msg, field, value)
    with pytest.raises(DataError, match=named):
        plan.chunk_from_msg(msg)


def test_chunks_that_are_not_finite_are_not_sent():
    actions = np.zeros((10, 7))
    actions[3, 2] = math.inf
    with pytest.raises(DataError, match='actions'):
        plan.chunk_to_msg(dataclasses.replace(make_chunk(), actions=actions))


def test_reports_carry_every_number_of_a_plan():
    names = set(plan.MEASURED) | {'fallback'}
    fields = SteeringReport.get_fields_and_field_types()
    assert names <= set(fields)
    numbers = {name: 0.1 * i + 0.1 for i, name in enumerate(plan.MEASURED)}
    made = Plan(np.zeros((10, 7)), np.zeros((10, 7)), 'frs', 20, {**numbers, 'fallback': 1.0})
    msg = plan.report_to_msg(REQUEST, made, None, latency=0.02, plan_time=0.01)
    assert {name: getattr(msg, name) for name in plan.MEASURED} == numbers
    assert msg.fallback is True


def test_no_number_of_a_gated_plan_is_left_out_of_the_report():
    policy = random_policy()
    steerer = make_steerer('frs_fixed_point', gate=True)
    wish = Guidance(direction=np.array([0.0, 0.0, 1.0]))
    made = steerer.plan(policy, example_observation(policy), wish, plan_rng(0, 0))
    assert set(made.diagnostics) == set(plan.MEASURED) | {'fallback'}


def test_report_says_nan_for_what_was_not_measured():
    made = Plan(np.zeros((10, 7)), np.zeros((10, 7)), 'frs', 20, {'cosine': 0.5})
    wish = Guidance(direction=np.array([0.0, 0.0, 1.0]))
    msg = plan.report_to_msg(REQUEST, made, wish, latency=0.02, plan_time=0.01)
    assert (msg.guided, msg.nfe, msg.cosine, msg.latency) == (True, 20, 0.5, 0.02)
    assert math.isnan(msg.chi_percentile)
    assert math.isnan(msg.gate)
    assert msg.fallback is False
    assert math.isnan(msg.round_trip_rms)


@pytest.mark.parametrize('wish', [None, Guidance(defer=True, direction=np.ones(3))])
def test_report_of_an_unguided_plan(wish):
    made = Plan(np.zeros((10, 7)), np.zeros((10, 7)), 'base', 10)
    assert not plan.report_to_msg(REQUEST, made, wish, latency=0.0, plan_time=0.0).guided


def test_report_of_a_path_says_who_wished():
    made = Plan(np.zeros((10, 7)), np.zeros((10, 7), np.float32), 'frs', 20)
    path = Path([[0.5, 0, 0.3]], source='planner', stamp_ns=STAMP)
    msg = plan.report_to_msg(REQUEST, made, path, latency=0.0, plan_time=0.0)
    assert (msg.guided, msg.guidance.source) == (True, 'planner')
    assert stamps.to_ns(msg.guidance.header.stamp) == STAMP
    assert not np.any(msg.guidance.direction)


@pytest.mark.parametrize('rotation', [[0, 0, 0], [1e-9, 0, 0], [0.3, -2.0, 1.1], [math.pi, 0, 0]])
def test_quaternion_is_that_of_scipy(rotation):
    ours = np.array(robot.quaternion(np.array(rotation, dtype=float)))
    theirs = Rotation.from_rotvec(rotation).as_quat()
    assert min(np.abs(ours - theirs).max(), np.abs(ours + theirs).max()) < 1e-12


def test_robot_state_carries_the_policy_state_exactly():
    state = np.random.default_rng(1).standard_normal(8)
    msg = robot.robot_state_to_msg(state, 0.25, STAMP, mode=RobotState.MODE_POLICY)
    back = robot.proprioception_from_msg(msg)
    assert np.array_equal(back.state, state)
    assert (back.gripper_command, back.stamp_ns) == (0.25, STAMP)
    assert (msg.pose.position.x, msg.pose.position.y, msg.pose.position.z) == tuple(state[:3])
    assert np.array_equal(msg.finger_positions, state[6:8])


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('policy_state', []),
        ('policy_state', [math.nan] * 8),
        ('policy_state', [0.0] * 1001),
        ('gripper_command', math.nan),
        ('gripper_command', 1.5),
    ],
)
def test_bad_robot_states_are_refused(field, value):
    msg = robot.robot_state_to_msg(np.zeros(8), 0.0, STAMP, mode=RobotState.MODE_IDLE)
    setattr(msg, field, value)
    with pytest.raises(DataError, match=field):
        robot.proprioception_from_msg(msg)


@pytest.mark.parametrize('state', [np.zeros(7), np.full(8, np.nan)])
def test_states_not_of_libero_are_not_sent(state):
    with pytest.raises(DataError, match='policy state'):
        robot.robot_state_to_msg(state, 0.0, STAMP, mode=RobotState.MODE_IDLE)


def test_joint_states():
    msg = robot.joint_state_to_msg(['a', 'b'], np.array([0.1, 0.2]), np.array([1.0, 2.0]), STAMP)
    assert list(msg.position) == [0.1, 0.2]
    assert list(msg.velocity) == [1.0, 2.0]
    with pytest.raises(DataError, match='joint positions'):
        robot.joint_state_to_msg(['a'], np.zeros(2), np.zeros(1), STAMP)


def test_joints_of_an_arm_are_found_by_name_among_others():
    names = ['wheel', *(f'left_fr3_joint{i}' for i in range(7, 0, -1)), 'left_fr3_finger_joint1']
    msg = JointState(name=names, position=[float(i) for i in range(9)])
    np.testing.assert_array_equal(arm_positions(msg, 'fr3'), [7, 6, 5, 4, 3, 2, 1])
    np.testing.assert_array_equal(arm_positions(msg, 'panda'), range(7))  # of another name
    assert arm_positions(JointState(name=['wheel'], position=[1.0]), 'fr3') is None


@pytest.mark.parametrize(
    ('names', 'positions', 'named'),
    [
        (['fr3_joint1'], [0.0], 'not every joint'),
        (['fr3_joint1'] * 7, [0.0] * 7, 'not every joint'),
        ([f'fr3_joint{i + 1}' for i in range(7)], [0.0] * 6, '7 names and 6 positions'),
        ([f'fr3_joint{i + 1}' for i in range(7)], [np.nan] * 7, 'not finite'),
    ],
)
def test_bad_joints_of_an_arm_are_refused(names, positions, named):
    with pytest.raises(DataError, match=named):
        arm_positions(JointState(name=names, position=positions), 'fr3')


def test_scene_round_trip(scene):
    back = scene_messages.scene_from_msg(scene_messages.scene_to_msg(scene))
    assert np.array_equal(back.gripper, scene.gripper)
    assert list(back.objects) == list(scene.objects)
    for name, pose in scene.objects.items():
        assert np.array_equal(back.objects[name].position, pose.position)
        assert np.array_equal(back.objects[name].extent, pose.extent)
        assert back.objects[name].rest_height == pose.rest_height
    for name in ('target', 'destination', 'stamp_ns'):
        assert getattr(back, name) == getattr(scene, name)
    assert back.reach is None
    assert np.isnan([back.carry_height, back.release_height]).all()


def test_scene_with_a_rim_to_reach(scene):
    rim = np.array([0.1, 0.345, 0.47])
    full = dataclasses.replace(scene, reach=rim, carry_height=1.2, release_height=0.95)
    back = scene_messages.scene_from_msg(scene_messages.scene_to_msg(full))
    np.testing.assert_array_equal(back.reach, rim)
    assert (back.carry_height, back.release_height) == (1.2, 0.95)


@pytest.mark.parametrize(
    ('damage', 'named'),
    [
        (lambda m: setattr(m.reach, 'y', 0.5), 'reach'),
        (lambda m: m.rest_heights.pop(), 'differ in length'),
        (lambda m: m.names.__setitem__(1, 'milk_1'), 'twice'),
        (lambda m: setattr(m, 'target', 'juice_1'), 'juice_1'),
        (lambda m: setattr(m.positions[0], 'y', math.nan), 'positions'),
        (lambda m: setattr(m.gripper, 'z', math.inf), 'gripper'),
        (lambda m: setattr(m, 'names', [str(i) for i in range(1001)]), 'names holds 1001 values'),
        (lambda m: m.names.__setitem__(0, '\x1b]0;x\x07'), r'names .* cannot be printed'),
        (lambda m: setattr(m, 'target', '\n' * 10_000), r'not among the object names'),
    ],
)
def test_bad_scenes_are_refused(scene, damage, named):
    msg = scene_messages.scene_to_msg(scene)
    damage(msg)
    with pytest.raises(DataError, match=named):
        scene_messages.scene_from_msg(msg)


def test_jpeg_bytes_travel_untouched():
    jpeg = b'\xff\xd8' + bytes(range(256)) * 40
    msg = image.jpeg_to_msg('wrist', jpeg, STAMP)
    assert image.jpeg_from_msg(msg) == jpeg
    assert msg.header.frame_id == 'wrist_color_optical_frame'


@pytest.mark.parametrize(
    ('format_', 'data'), [('png', b'\xff\xd8'), ('jpeg', b'PNG'), ('jpeg', b'')]
)
def test_what_is_no_jpeg_is_refused(format_, data):
    msg = image.jpeg_to_msg('wrist', data, STAMP)
    msg.format = format_
    with pytest.raises(DataError, match='JPEG'):
        image.jpeg_from_msg(msg)


def test_camera_info_is_row_major():
    k = np.array([[-100.0, 0, 64], [0, 100, 42], [0, 0, 1]])
    msg = image.camera_info_to_msg('agentview', 84, 128, k, STAMP)
    assert (msg.height, msg.width) == (84, 128)
    assert list(msg.k) == [-100, 0, 64, 0, 100, 42, 0, 0, 1]
    assert list(msg.p[:4]) == [-100, 0, 64, 0]


def test_episode_events():
    start = episode_to_msg(EpisodeEvent('e.0', 'pick', 9), STAMP)
    assert (start.event, start.outcome) == (Episode.START, Episode.OUTCOME_UNKNOWN)
    end = episode_to_msg(EpisodeEvent('e.0', 'pick', 9, Outcome.ABORTED, 'gone', 40), STAMP)
    assert (end.event, end.outcome) == (Episode.END, Episode.OUTCOME_ABORTED)
    assert (end.reason, end.steps, end.seed) == ('gone', 40, 9)


@pytest.mark.parametrize('field', ['id', 'instruction', 'reason'])
@pytest.mark.parametrize(
    ('value', 'named'),
    [
        ('ok\x1b[2K\n[franka_controller] INFO: all is well', 'cannot be printed'),
        ('x' * 1_000_000, 'a text of 1000000 characters; at most 1000'),
    ],
    ids=['escape', 'long'],
)
def test_texts_of_episodes_forge_no_line_of_a_log(field, value, named):
    msg = episode_to_msg(EpisodeEvent('e.0', 'pick', 9, Outcome.ABORTED, 'gone', 40), STAMP)
    setattr(msg, field, value)
    with pytest.raises(DataError, match=named) as caught:
        episode_from_msg(msg)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize('field', ['episode_id', 'instruction'])
def test_texts_of_requests_forge_no_line_of_a_log(field):
    msg = plan.request_to_msg(REQUEST)
    setattr(msg, field, 'a\n[INFO] all is well')
    with pytest.raises(DataError, match=rf'PlanRequest\.{field} .* cannot be printed'):
        plan.request_from_msg(msg)


def test_instructions_may_be_in_any_script():
    for said in ('öffne die Schublade', '引き出しを\u3000開けて', 'می\u200cخواهم'):
        event = EpisodeEvent('e.0', said, 9)
        assert episode_from_msg(episode_to_msg(event, STAMP)) == event
