# SPDX-License-Identifier: Apache-2.0
"""The driver `topics` over real topics, with the mock of a controller at their other end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip('rclpy')
pytest.importorskip('pinocchio')

import rclpy
from geometry_msgs.msg import WrenchStamped
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from frs_ros.errors import ConfigError, DependencyError
from frs_ros.nodes.arm_driver import make_driver
from frs_ros.nodes.config_files import cell_file
from frs_ros.nodes.mock_controller_node import MockController
from frs_ros.nodes.parameters.franka_controller import FrankaControllerParameters
from frs_ros.robot.base import ControlMode, FaultKind, JointCommand, RobotError
from frs_ros.robot.settings import read_cell
from frs_ros.robot.topics.transport import COMMANDS, TransportError
from frs_ros.ros import qos
from frs_ros.ros.arm_commands import TOPICS

FINGERS = 'fr3_finger_joint1,fr3_finger_joint2'
FAST = 0.2  # rad/s


class Arm:
    """A mock, and a driver that reaches it; both served by the test."""

    def __init__(self, ros, command='forward', *, mock=True, **changes):
        self.ros, self.node = ros, ros.node('franka_controller')
        self.mock = mocked(ros, command) if mock else None
        parameters = FrankaControllerParameters(driver='topics', command=command)
        self.parameters = dataclasses.replace(parameters, **changes)
        self.driver = make_driver(self.node, self.parameters, read_cell(cell_file('fr3')))
        # the driver waits while it connects and stops; meanwhile the mock must be served
        self.driver._sleep = lambda seconds: ros.spin_once(seconds)

    def follow(self, command, seconds):
        """Sends `command(t)` for a while; returns the state then."""
        begin = self.driver.read().time
        state = self.driver.read()
        while state.time - begin < seconds:
            self.driver.command(command(state.time - begin))
            self.ros.spin_once(0.005)
            state = self.driver.read()
        return state

    def fault(self):
        """The fault, once there is one."""
        self.ros.wait_for(lambda: self.driver.read() and self.driver.fault, 10.0, 'a fault')
        return self.driver.fault


def mocked(ros, command):
    chosen = [Parameter('command', value=command)]
    return ros.add(MockController(context=ros.context, parameter_overrides=chosen))


@pytest.fixture
def arm(ros):
    made = []

    def make(*args, **kwargs):
        made.append(Arm(ros, *args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.driver.close()


@pytest.mark.parametrize('command', COMMANDS)
def test_arm_follows_each_kind_of_command_and_stops(arm, command):
    if command == 'trajectory':
        pytest.importorskip('trajectory_msgs')
    arm = arm(command, gripper='topic', gripper_joints=FINGERS, smoothing=0.05)
    info = arm.driver.connect(10.0)
    assert info.unfiltered is (command == 'forward')
    assert info.smoothing == 0.05
    begin = arm.driver.read()
    assert begin.gripper_width == pytest.approx(0.08)
    np.testing.assert_allclose(begin.pose, arm.mock.arm.pose, atol=1e-6)
    assert arm.mock.arm.taken == 0
    arm.driver.start(ControlMode.IMPEDANCE)
    arm.driver.gripper(True)
    toward = np.array([0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.5])

    def moving(t):
        speed = min(FAST, t)
        return JointCommand(begin.q + toward * FAST * max(t - 0.1, 0.0), toward * speed)

    state = arm.follow(moving, 0.6)
    assert np.dot(state.q - begin.q, toward) > 0.03
    assert arm.mock.arm.taken > 10
    arm.driver.stop()
    taken = arm.mock.arm.taken
    arm.ros.wait_for(lambda: np.abs(arm.driver.read().dq).max() < 0.01, 5.0, 'rest')
    arm.ros.wait_for(lambda: arm.driver.read().gripper_width < 0.01, 5.0, 'closed fingers')
    assert arm.mock.arm.taken - taken <= 1  # on its way when we stopped
    assert arm.driver.fault is None


def test_controller_of_another_kind_is_named(ros, arm):
    arm = arm('forward', command_topic='target_joint')
    context = rclpy.Context()  # as another process
    rclpy.init(context=context, domain_id=ros.domain)
    try:
        node = rclpy.create_node('crisp', context=context)
        node.create_subscription(JointState, 'target_joint', print, 1)
        with pytest.raises(RobotError, match='takes sensor_msgs/msg/JointState'):
            arm.driver.connect(1.0)
    finally:
        rclpy.shutdown(context=context)
    ros.node('crisp').create_subscription(JointState, 'target_pose', print, 1)
    arm = Arm(ros, 'forward', command_topic='target_pose', mock=False)
    with pytest.raises(TransportError, match=r'topics of the arm: .*incompatible type'):
        arm.driver.connect(1.0)


@pytest.mark.parametrize('order', [1, -1])
def test_a_controller_is_asked_for_its_joints(ros, arm, order):
    arm = arm(command_topic='arm_controller/commands')
    controller = ros.node('arm_controller')
    names = [f'fr3_joint{i + 1}' for i in range(7)][::order]
    controller.declare_parameter('joints', names)
    controller.create_subscription(Float64MultiArray, '~/commands', print, qos.COMMAND)
    if order == 1:
        arm.driver.connect(10.0)
        return
    with pytest.raises(RobotError, match='joints of the controller are fr3_joint7'):
        arm.driver.connect(2.0)


def test_a_controller_that_may_not_be_asked_is_not(ros, arm, monkeypatch):
    def forbidden(*_):
        raise RuntimeError('create_client() is not allowed')

    monkeypatch.setattr('frs_ros.ros.controller_joints.PolledCall', forbidden)
    arm = arm()
    arm.driver.connect(10.0)
    assert arm.driver.fault is None


@pytest.mark.parametrize('name', ['a b', '1st', 'x//y', '~~'])
@pytest.mark.parametrize('parameter', ['wrench_topic', 'gripper_topic'])
def test_names_of_topics_are_checked_first(arm, name, parameter):
    with pytest.raises(ConfigError, match=f'parameter {parameter}: '):
        arm(**{parameter: name})


def test_nobody_there_and_nobody_listening(ros, arm):
    arm = arm(mock=False)
    with pytest.raises(RobotError, match='no joint state on /joint_states'):
        arm.driver.connect(0.3)
    states = ros.node('jsb').create_publisher(JointState, 'joint_states', qos.STATE)
    names = [f'left_fr3_joint{i}' for i in range(7)]
    arm.driver._sleep = lambda _: states.publish(JointState(name=names, position=[0.0] * 7))
    with pytest.raises(RobotError, match='but left_fr3_joint0, left_fr3_joint1'):
        arm.driver.connect(0.5)


def test_a_second_commander_is_refused_and_named(ros, arm):
    arm = arm()
    arm.driver.connect(10.0)
    arm.driver.start(ControlMode.IMPEDANCE)
    other = ros.node('crisp_py')
    rival = other.create_publisher(Float64MultiArray, TOPICS['forward'], 1)
    assert arm.fault().kind is FaultKind.CONNECTION
    assert '/crisp_py commands the arm too' in arm.driver.fault.text
    other.destroy_publisher(rival)
    ros.wait_for(lambda: recovered(arm.driver), 10.0, 'recovery')


def recovered(driver):
    try:
        driver.recover()
    except RobotError:
        return False
    return True


def test_restarted_controller_is_found_again(ros, arm):
    arm = arm()
    arm.driver.connect(10.0)
    arm.driver.start(ControlMode.IMPEDANCE)
    arm.mock.destroy_node()
    fault = arm.fault()  # whichever is noticed first: no listener, no state
    assert 'no controller listens' in fault.text or 'silent' in fault.text
    with pytest.raises(RobotError):
        arm.driver.recover()
    arm.mock = mocked(ros, 'forward')
    ros.wait_for(lambda: recovered(arm.driver), 10.0, 'recovery')
    arm.driver.start(ControlMode.IMPEDANCE)
    begin = arm.driver.read().q
    arm.follow(lambda t: JointCommand(begin, np.zeros(7)), 0.2)
    assert arm.driver.fault is None


def test_external_forces_come_by_topics(ros, arm):
    arm = arm(wrench_topic='wrench', torque_topic='torques')
    node = ros.node('broadcaster')
    wrench = node.create_publisher(WrenchStamped, 'wrench', qos.ARM_NEWEST)
    torques = node.create_publisher(JointState, 'torques', qos.ARM_NEWEST)
    push, load = WrenchStamped(), JointState(effort=[*range(9)])
    push.wrench.force.z = -12.0
    load.name = [f'fr3_joint{i}' for i in (7, 6, 5, 4, 3, 2, 1)] + ['x', 'y']
    with pytest.raises(RobotError, match='silent about contact: nothing new on the wrench_topic'):
        arm.driver.connect(0.5)

    def publish(seconds=0.01):
        wrench.publish(push)
        torques.publish(load)
        ros.spin_once(seconds)

    arm.driver._sleep = publish
    assert arm.driver.connect(10.0).missing == ()
    state = arm.driver.read()
    assert state.wrench_external[2] == -12.0
    np.testing.assert_array_equal(state.tau_external, [6, 5, 4, 3, 2, 1, 0])


@pytest.mark.parametrize('topic', ['wrench', 'torque'])
def test_forces_that_keep_their_stamp_are_silence(ros, arm, topic):
    """As joint states: whoever repeats a reading does not measure, and contact would not stop."""
    kind = {'wrench': WrenchStamped, 'torque': JointState}[topic]
    arm = arm(**{f'{topic}_topic': 'load'})
    publisher = ros.node('broadcaster').create_publisher(kind, 'load', qos.ARM_NEWEST)
    load = kind()
    load.header.stamp.sec = 7
    if topic == 'torque':
        load.name, load.effort = [f'fr3_joint{i}' for i in range(1, 8)], [1.0] * 7
    steps = [1]

    def publish(seconds=0.01):
        load.header.stamp.sec += steps[0]
        publisher.publish(load)
        ros.spin_once(seconds)

    arm.driver._sleep = publish
    arm.driver.connect(10.0)
    steps[0] = 0
    ros.wait_for(lambda: publish() or (arm.driver.read() and arm.driver.fault), 5.0, 'a fault')
    assert f'nothing new on the {topic}_topic' in arm.driver.fault.text


def test_messages_that_cannot_be_read_are_dropped(ros, arm):
    """Such as of a node with another version of the type; the arm's own go on."""
    arm = arm(torque_topic='torques')
    node = ros.node('broadcaster')
    joints = node.create_publisher(JointState, 'joint_states', qos.ARM_STATE)
    torques = node.create_publisher(JointState, 'torques', qos.ARM_NEWEST)
    load = JointState(name=[f'fr3_joint{i}' for i in range(1, 8)], effort=[1.0] * 7)

    def publish(seconds=0.01):
        for publisher in (joints, torques):
            publisher.publish(serialize_message(load)[:40])
        torques.publish(load)
        ros.spin_once(seconds)

    arm.driver._sleep = publish
    arm.driver.connect(10.0)
    for _ in range(20):
        publish()
        state = arm.driver.read()
    np.testing.assert_array_equal(state.tau_external, np.ones(7))
    assert arm.driver.fault is None


def test_actions_for_the_gripper_are_asked_for_in_one_line_where_they_are_missing(arm):
    try:
        import control_msgs  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip('control_msgs is installed')
    arm = arm(gripper='parallel_gripper_command')
    with pytest.raises(DependencyError, match=r'control_msgs.*gripper:=topic'):
        arm.driver.connect(1.0)


@pytest.mark.parametrize('kind', ['gripper_command', 'parallel_gripper_command'])
def test_gripper_by_action_goes_where_the_newest_wish_is(ros, arm, kind):
    control_msgs = pytest.importorskip('control_msgs.action')
    from rclpy.action import ActionServer, CancelResponse

    names = {
        'gripper_command': 'GripperCommand',
        'parallel_gripper_command': 'ParallelGripperCommand',
    }
    action, goals = getattr(control_msgs, names[kind]), []

    async def execute(handle):
        command = handle.request.command
        goals.append(command.position if kind == 'gripper_command' else command.position[0])
        if len(goals) == 1:
            arm.driver.gripper(False)  # the wish changes while the fingers are on their way
        handle.canceled() if handle.is_cancel_requested else handle.succeed()
        result = action.Result()
        result.reached_goal = True
        return result

    server = ActionServer(
        ros.node('gripper'),
        action,
        'hand/gripper_action',
        execute,
        cancel_callback=lambda _: CancelResponse.ACCEPT,
    )
    arm = arm(gripper=kind, gripper_topic='hand/gripper_action', gripper_joints=FINGERS)
    arm.driver.connect(10.0)
    ros.wait_for(lambda: not arm.driver.read().gripper_line, 10.0, 'the server')
    arm.driver.gripper(True)
    ros.wait_for(lambda: len(goals) == 2, 10.0, 'both goals')
    assert goals == [0.0, 0.039]
    server.destroy()
    ros.wait_for(lambda: 'no gripper answers' in arm.driver.read().gripper_line, 10.0, 'a line')
    assert arm.driver.fault is None


def test_fingers_need_two_positions():
    with pytest.raises(ConfigError, match='must differ'):
        FrankaControllerParameters(gripper_open=0.0)


@pytest.mark.parametrize('data', [[np.nan] * 7, [np.inf] + [0.0] * 6], ids=['nan', 'infinite'])
def test_the_mock_drops_what_a_controller_drops(ros, data):
    mock = mocked(ros, 'forward')
    mock._on_forward(Float64MultiArray(data=data))
    assert mock.arm.taken == 0
    assert mock.arm.active
    mock._on_forward(Float64MultiArray(data=[0.0] * 6))
    assert not mock.arm.active
