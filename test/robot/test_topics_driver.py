# SPDX-License-Identifier: Apache-2.0
"""What the driver of an arm on topics sees, refuses and says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from driver_rigs import TopicsRig, joint, reference

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.robot.base import ControlMode, FaultKind, JointCommand, RobotError
from frs_ros.robot.registry import make_driver
from frs_ros.robot.topics.options import Options, joint_names
from frs_ros.robot.topics.transport import COMMANDS, JointSample
from frs_ros.safety.smoothing import LONGEST

NAMES = joint_names('', 'fr3')
WINDOW = Options(joints=NAMES).smoothing


@pytest.fixture
def rig():
    rig = TopicsRig()
    yield rig
    rig.close()


@pytest.fixture
def started(rig):
    rig.driver.connect(1.0)
    rig.driver.start(ControlMode.IMPEDANCE)
    return rig


def changed(**changes):
    return lambda sample: dataclasses.replace(sample, **changes)


def cannot_connect(rig, match, timeout=0.1):
    with pytest.raises(RobotError, match=match) as caught:
        rig.driver.connect(timeout)
    assert caught.value.fault.kind is FaultKind.CONNECTION  # which is tried again
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert not rig.topics.opened


def fails(rig, kind, match, seconds=2.0):
    """Reads until there is a fault."""
    for _ in range(round(seconds / 0.01)):
        rig.pause(0.01)
        rig.driver.read()
        if rig.driver.fault is not None:
            break
    assert rig.driver.fault is not None
    assert rig.driver.fault.kind is kind
    with pytest.raises(RobotError, match=match):
        rig.driver.command(reference(rig.topics.arm.q))


# ---- names -------------------------------------------------------------------------------------


def test_joints_by_pattern_by_list_and_by_default():
    assert joint_names('', 'panda')[6] == 'panda_joint7'
    assert joint_names(' left_fr3_joint# ', 'fr3')[0] == 'left_fr3_joint1'
    assert joint_names('a, b,c,d,e,f,g', 'fr3') == tuple('abcdefg')


@pytest.mark.parametrize('text', ['a,b', 'a,b,c,d,e,f,a', ',,,', 'fr3_joint1'])
def test_joints_must_be_seven_different_names(text):
    with pytest.raises(ConfigError, match='7 different names'):
        joint_names(text, 'fr3')


def test_topics_need_a_transport():
    with pytest.raises(ConfigError, match='franka_controller'):
        make_driver('topics', model=FR3)


# ---- joint states ------------------------------------------------------------------------------


def test_joints_are_found_by_name_among_those_of_others_in_any_order(rig):
    order = np.random.default_rng(0).permutation(18)

    def shuffled(sample):
        names = [*sample.names, *(f'right_{name}' for name in sample.names)]
        positions = [*sample.positions, *np.full(9, 0.5)]
        return dataclasses.replace(
            sample,
            names=tuple(names[i] for i in order),
            positions=[positions[i] for i in order],
            velocities=(),
        )

    rig.topics.change = shuffled
    rig.driver.connect(1.0)
    state = rig.driver.read()
    np.testing.assert_allclose(state.q, FR3.home)
    assert state.gripper_width == pytest.approx(0.08)


def test_messages_about_other_joints_are_passed_over(rig):
    rig.driver.connect(1.0)
    others = JointSample(('wheel',), [1.0], [], [], 0.0, rig.topics.now + 1.0)
    before = rig.driver.read()
    rig.topics.change = lambda sample: others
    rig.pause(0.1)
    assert rig.driver.read().read_at == before.read_at


def test_missing_velocities_are_computed(rig):
    rig.topics.change = changed(velocities=())
    rig.driver.connect(1.0)
    rig.driver.start(ControlMode.VELOCITY)
    state = rig.follow(lambda t: JointCommand(np.zeros(7), joint(3, -min(0.1, t))), 0.5)
    assert state.dq[3] == pytest.approx(-0.1, rel=0.1)
    rig.topics.change = changed(velocities=[np.nan] * 9)  # joint_state_broadcaster without any
    rig.until(rig.resting, 1.0, 'rest')
    assert np.isfinite(rig.driver.read().dq).all()


WRONG = {
    'nan': (changed(positions=[np.nan] * 9), 'a position of the arm is not finite'),
    'short': (changed(positions=[0.0] * 3), '9 names and 3 positions'),
    'degrees': (changed(positions=np.degrees([*FR3.home, 0, 0])), "'fr3_joint2' is at -36"),
    'partly': (changed(names=(*NAMES[:6], 'x', 'y', 'z')), "not 'fr3_joint7'"),
    'twice': (changed(names=(*NAMES, 'fr3_joint1', 'z')), 'twice'),
    'others': (changed(names=tuple(f'joint{i}' for i in range(9))), r"has no joint 'fr3_joint1'"),
    'nothing': (lambda sample: None, 'joint_state_broadcaster active'),
}


@pytest.mark.parametrize('case', WRONG)
def test_unusable_joint_states_are_told_at_connect(rig, case):
    rig.topics.change, match = WRONG[case]
    cannot_connect(rig, match)


@pytest.mark.parametrize('case', WRONG)
def test_joint_states_that_become_unusable_are_silence(started, case):
    started.topics.change, match = WRONG[case]
    before = started.driver.read()
    started.pause(0.5)
    state = started.driver.read()
    assert state.read_at - before.read_at < 0.02
    np.testing.assert_array_equal(state.q, before.q)
    assert started.driver.fault is None
    # other joints, or none: what is wrong with them is only told as silence
    fails(started, FaultKind.COMMUNICATION, 'silent' if case in ('others', 'nothing') else match)


def test_a_state_that_is_sent_again_and_again_is_silence(started):
    frozen = started.topics.state()
    started.topics.change = lambda sample: dataclasses.replace(frozen, arrived=sample.arrived)
    fails(started, FaultKind.COMMUNICATION, 'silent')


def test_states_without_stamps_are_new_ones(rig):
    rig.topics.change = changed(stamp=0.0)
    rig.driver.connect(1.0)
    before = rig.driver.read()
    rig.pause(0.1)
    assert rig.driver.read().time > before.time


def test_a_list_of_names_without_end_does_not_end_up_in_the_line(rig):
    names = tuple('x' * 1000 + str(i) for i in range(1000))
    rig.topics.change = changed(names=names, positions=[0.0] * 1000, velocities=())
    cannot_connect(rig, 'and 988 more')


# ---- who is there ------------------------------------------------------------------------------


def test_nobody_listens(rig):
    rig.topics.listeners = 0
    cannot_connect(rig, 'no controller listens on /commands')


def test_controller_that_starts_late_is_waited_for(rig):
    rig.topics.listeners, begin = 0, rig.topics.now
    pause = rig.topics.pause

    def slowly(seconds):
        pause(seconds)
        rig.topics.listeners = int(rig.topics.now > begin + 1.0)

    rig.driver._sleep = slowly
    rig.driver.connect(5.0)
    assert 1.0 < rig.topics.now - begin < 1.2


def test_another_commander_is_refused(rig):
    rig.topics.rivals = ('/crisp_py',)
    cannot_connect(rig, '/crisp_py commands the arm too, on /commands')


def test_another_commander_ends_it_at_once_and_is_not_fought(started):
    started.follow(lambda t: JointCommand(FR3.home - joint(3, 0.2 * t), joint(3, -0.2)), 0.3)
    started.topics.rivals = ('/moveit',)
    fails(started, FaultKind.CONNECTION, '/moveit commands', 0.3)
    sent = len(started.topics.sent)
    started.driver.stop()
    started.pause(0.2)
    assert len(started.topics.sent) == sent
    with pytest.raises(RobotError, match='/moveit'):
        started.driver.recover()
    started.topics.rivals = ()
    started.driver.recover()
    started.driver.start(ControlMode.IMPEDANCE)
    assert started.driver.fault is None


def test_joints_of_the_controller_must_be_ours_and_in_our_order(rig):
    rig.topics.joints_there = NAMES[::-1]
    cannot_connect(rig, 'joints of the controller are fr3_joint7, .* ours are fr3_joint1')
    rig.topics.joints_there = ()  # its answer does not come
    cannot_connect(rig, 'does not answer what its joints are')
    rig.topics.joints_there = NAMES
    rig.driver.connect(1.0)


def test_a_start_waits_for_the_answer_of_a_controller_that_is_asked_anew(rig):
    rig.driver.connect(1.0)
    begun = rig.topics.now

    def answer():
        return NAMES if rig.topics.now > begun + 0.3 else ()

    rig.topics.controller_joints = answer
    rig.driver.start(ControlMode.IMPEDANCE)
    assert rig.driver.fault is None
    assert 0.3 < rig.topics.now - begun < 0.4
    rig.driver.stop()
    rig.topics.controller_joints = lambda: ()
    with pytest.raises(RobotError, match='does not answer what its joints are'):
        rig.driver.start(ControlMode.IMPEDANCE)


def test_a_trajectory_names_its_joints_in_any_order():
    rig = TopicsRig('trajectory')
    rig.topics.joints_there = NAMES[::-1]
    rig.driver.connect(1.0)
    rig.topics.joints_there = ('x', *NAMES[1:])
    with pytest.raises(RobotError, match='joints of the controller are x'):
        rig.driver.start(ControlMode.IMPEDANCE)


def test_controller_that_is_unloaded_is_missed(started):
    started.topics.listeners = 0
    fails(started, FaultKind.CONNECTION, 'no controller listens', 0.3)


def test_inactive_controller_is_found_out_before_the_reference_is_far(rig):
    rig.topics.arm.active = False
    rig.driver.connect(1.0)
    rig.driver.start(ControlMode.IMPEDANCE)
    with pytest.raises(RobotError, match='does not follow'):
        rig.follow(lambda t: reference(FR3.home, offset=min(0.25, 0.3 * t)), 3.0)
    assert rig.driver.fault.kind is FaultKind.LOST_CONTROL
    assert abs(rig.topics.sent[-1][1].q - FR3.home).max() < 0.2


def test_an_arm_that_rests_under_a_resting_reference_follows(started):
    started.follow(lambda t: reference(FR3.home), 3.0)
    assert started.driver.fault is None


# ---- what is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize('command', COMMANDS)
def test_the_first_command_is_where_the_arm_is(command):
    rig = TopicsRig(command)
    rig.driver.connect(1.0)
    rig.topics.arm.q = FR3.home + 0.1
    rig.pause(0.1)
    assert rig.topics.sent == []  # nothing before control is started
    rig.driver.start(ControlMode.IMPEDANCE)
    ((_, target),) = rig.topics.sent
    np.testing.assert_allclose(target.q, rig.topics.arm.q, atol=1e-9)
    if command == 'target_pose':
        np.testing.assert_allclose(target.pose, rig.topics.arm.pose, atol=1e-9)
    else:
        assert target.pose is None


@pytest.mark.parametrize('offset', [0.2, -0.2, 0.6])
def test_a_jump_is_not_sent(started, offset):
    sent = len(started.topics.sent)
    started.pause(0.01)
    with pytest.raises(RobotError, match='not sent: joint 4 would') as caught:
        started.driver.command(reference(FR3.home, offset=offset))
    assert caught.value.fault.kind is FaultKind.REFUSED
    assert len(started.topics.sent) == sent


def test_stop_leads_to_rest_and_then_sends_nothing(started):
    speed = 0.4
    started.follow(lambda t: JointCommand(FR3.home - joint(3, speed * t), joint(3, -speed)), 0.4)
    begin = started.topics.sent[-1]
    started.driver.stop()
    ramp = [s for s in started.topics.sent if s[0] >= begin[0]]
    times = np.array([t for t, _ in ramp])
    q = np.array([target.q[3] for _, target in ramp])
    assert times[-1] - times[0] == pytest.approx(speed / 2.5 + WINDOW, abs=0.02)
    assert q[0] - q[-1] == pytest.approx(speed**2 / (2 * 2.5) + speed * WINDOW / 2, abs=0.01)
    velocity = np.diff(q) / np.diff(times)
    assert (np.diff(velocity) > -1e-6).all()  # ever slower, never back
    assert velocity[-1] <= 1e-6
    sent = len(started.topics.sent)
    started.pause(0.5)
    assert len(started.topics.sent) == sent
    assert abs(started.topics.arm.dq).max() < 0.01


def moving(speed, q=FR3.home, index=3):
    return lambda t: JointCommand(q + joint(index, speed * t), joint(index, speed))


def sent(rig, index=3):
    """When what was sent to a joint, s and rad."""
    times, targets = zip(*rig.topics.sent)
    return np.array(times), np.array([target.q[index] for target in targets])


def noted(rig, command, seconds):
    """Sends `command(t)` for a while; what that was."""
    commanded = []

    def note(t):
        commanded.append(command(t))
        return commanded[-1]

    rig.follow(note, seconds)
    return commanded


@pytest.mark.parametrize('command', COMMANDS)
def test_what_is_sent_is_the_mean_of_the_references_half_a_window_late(command):
    rig, speed = TopicsRig(command), -0.4
    assert rig.driver.connect(1.0).smoothing == WINDOW > 0
    rig.driver.start(ControlMode.IMPEDANCE)
    commanded = noted(rig, moving(speed), 0.3)
    times, q = sent(rig)
    assert commanded[-1].q[3] - q[-1] == pytest.approx(speed * WINDOW / 2, abs=1e-9)
    acceleration = np.diff(np.diff(q[1:]) / np.diff(times[1:])) / 0.01
    assert np.abs(acceleration).max() == pytest.approx(0.4 / WINDOW)  # a step would be 0.4 / 0.01
    rest = JointCommand(commanded[-1].q, np.zeros(7))
    for _ in range(4):
        rig.driver.command(rest)
        rig.pause(0.01)
    assert sent(rig)[1][-1] == pytest.approx(rest.q[3], abs=1e-12)
    if command == 'target_pose':
        target = rig.topics.sent[-6][1]
        expected = PinocchioKinematics.of_model(FR3).pose(target.q)
        np.testing.assert_allclose(target.pose, expected, atol=1e-12)


def test_without_smoothing_references_are_sent_as_they_are():
    rig = TopicsRig(smoothing=0.0)
    assert rig.driver.connect(1.0).smoothing == 0.0
    rig.driver.start(ControlMode.IMPEDANCE)
    commanded = noted(rig, moving(-0.4), 0.3)
    targets = [target.q for _, target in rig.topics.sent[1:]]
    np.testing.assert_array_equal(targets, [command.q for command in commanded])


@pytest.mark.parametrize('mode', ControlMode)
def test_stop_goes_on_from_what_was_sent_without_a_jump(rig, mode):
    rig.driver.connect(1.0)
    rig.driver.start(mode)
    begin, speed = rig.driver.read().q, -0.4

    def faster(t):  # up to its speed within 0.16 s, at 2.5 rad/s^2
        now, ramp = max(speed, -2.5 * t), min(t, 0.16)
        way = -2.5 * ramp**2 / 2 + speed * max(t - 0.16, 0.0)
        return JointCommand(begin + joint(3, way), joint(3, now))

    rig.follow(faster, 0.3)
    rig.driver.stop()
    times, first = np.unique(sent(rig)[0], return_index=True)
    velocity = np.diff(sent(rig)[1][first]) / np.diff(times)
    change = np.diff(velocity) / ((times[2:] - times[:-2]) / 2)
    assert velocity.min() == pytest.approx(speed, abs=0.02)
    assert np.abs(change).max() < 2.5 * (1 + 0.01 / WINDOW) * 1.5
    assert abs(velocity[-1]) < 0.02


def test_after_a_pause_in_the_commands_what_is_sent_goes_on_where_it_was(started):
    started.follow(moving(-0.4), 0.3)
    started.pause(1.0)
    _, before = sent(started)
    started.driver.command(moving(-0.4)(0.305))
    assert abs(sent(started)[1][-1] - before[-1]) < 0.4 * LONGEST


def test_a_start_forgets_what_was_before(started):
    started.follow(moving(-0.4), 0.3)
    started.driver.stop()
    started.topics.arm.q = FR3.home + 0.2
    started.pause(0.1)
    started.driver.start(ControlMode.IMPEDANCE)
    here = started.driver.read().q
    started.pause(0.01)
    started.driver.command(reference(here))
    np.testing.assert_allclose(started.topics.sent[-1][1].q, here, atol=1e-3)


def test_stop_long_after_the_last_command_sets_nothing_in_motion(started):
    started.follow(lambda t: JointCommand(FR3.home - joint(3, 0.2 * t), joint(3, -0.2)), 0.3)
    started.pause(0.5)
    sent = len(started.topics.sent)
    started.driver.stop()
    assert len(started.topics.sent) == sent


def test_a_topic_that_cannot_be_sent_to_is_a_fault_and_stop_does_not_raise(started):
    started.pause(0.01)
    started.topics.broken = True
    with pytest.raises(RobotError, match='not sent: the context is shut down'):
        started.driver.command(JointCommand(FR3.home, joint(3, 0.2)))
    started.driver.stop()
    assert started.driver.fault.kind is FaultKind.COMMUNICATION


def test_tool_of_the_controller_must_be_ours():
    rig = TopicsRig('target_pose')
    rig.topics.tool[:3, 3] = [0.0, 0.0, -0.1034]  # the flange
    cannot_connect(rig, r'tool and ours are 0\.103 m and 0\.00 rad apart')
    rig.topics.pose = lambda: None
    cannot_connect(rig, 'does not say where its tool is')


# ---- forces and fingers ------------------------------------------------------------------------


def test_missing_guards_are_told():
    (line,) = TopicsRig().driver.connect(1.0).missing
    assert 'contact does not stop the arm' in line
    (line,) = TopicsRig(wrench=True).driver.connect(1.0).missing
    assert 'joint torques' in line


def test_forces_are_passed_on_and_their_silence_is_a_fault():
    rig = TopicsRig(wrench=True)
    rig.topics.external = np.array([0.0, 0.0, -30.0, 0.0, 0.0, 0.0])
    rig.driver.connect(1.0)
    assert rig.driver.read().wrench_external[2] == -30.0
    rig.topics.contact_at = rig.topics.now
    rig.driver.start(ControlMode.IMPEDANCE)
    fails(rig, FaultKind.COMMUNICATION, 'silent about contact')
    with pytest.raises(RobotError, match='wrench_topic'):
        rig.driver.recover()


def test_fingers_that_do_not_tell_are_where_they_were_told():
    rig = TopicsRig(fingers=())
    info = rig.driver.connect(1.0)
    assert info.gripper_max_width == 0.08
    assert np.isnan(rig.driver.read().gripper_width)
    rig.driver.gripper(True)
    assert rig.driver.read().gripper_width == 0.0


def test_without_a_gripper_nothing_is_sent_to_it():
    rig = TopicsRig(gripper=False, fingers=())
    assert rig.driver.connect(1.0).gripper_max_width == 0.0
    rig.driver.gripper(True)
    rig.pause(1.0)
    assert rig.topics.arm.finger == 0.04
    assert np.isnan(rig.driver.read().gripper_width)
