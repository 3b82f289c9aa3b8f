# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node `franka_controller`."""

from __future__ import annotations

from dataclasses import dataclass

from frs_ros.errors import ConfigError
from frs_ros.ros.options import parameter
from frs_ros.types import ACTION_SPACES, JOINT_DELTA


@dataclass(frozen=True)
class FrankaControllerParameters:
    """Parameters of the node `franka_controller`."""

    robot: str = parameter(
        'fr3', 'Cell: fr3 or panda for config/robots/<name>.yaml, or the path of such a file.'
    )
    driver: str = parameter(
        'kinematic',
        'kinematic: arithmetic, no robot. franky: a Franka arm, or franky-sim. topics: an arm '
        'that controllers of ros2_control drive.',
        choices=('kinematic', 'franky', 'topics'),
    )
    address: str = parameter('', 'Name or IP address of the robot; franky needs it.')
    allow_non_realtime: bool = parameter(
        False, 'Whether a kernel without real-time scheduling will do; for simulations only.'
    )
    connect_timeout: float = parameter(
        15.0, 'Time for which the robot is waited for, s.', low=0.5, high=300.0
    )
    control_mode: str = parameter(
        'impedance',
        'impedance: soft tracking of positions, as DROID. velocity: joint velocities that end by '
        'themselves when they are not renewed.',
        choices=('impedance', 'velocity'),
    )
    action_space: str = parameter(
        JOINT_DELTA, 'What the actions of the policy mean.', choices=ACTION_SPACES
    )
    control_hz: float = parameter(
        15.0, 'Rate of the actions of the policy, Hz.', low=1.0, high=100.0
    )
    rate: float = parameter(100.0, 'Rate of the control loop, Hz.', low=20.0, high=500.0)
    realtime_priority: int = parameter(
        10,
        'Priority of all threads of the node above ordinary ones (SCHED_FIFO), where the system '
        'allows it; 0 for none.',
        low=0,
        high=80,
    )
    cameras: str = parameter(
        '',
        'Names of the cameras that must keep running, with commas between them; none is watched '
        'if empty.',
    )
    image_timeout: float = parameter(
        0.0,
        'Time without a new image after which the arm holds, s; 0 for 2.5 control periods.',
        low=0.0,
        high=5.0,
    )
    image_max_age: float = parameter(
        0.5,
        'How far the stamp of an image may be from the time of this computer, s; others do not '
        'count as new.',
        low=0.01,
        high=60.0,
    )
    chunk_span: float = parameter(
        4.0,
        'Time that the actions of a chunk may last together, s; longer ones are refused.',
        low=0.1,
        high=60.0,
    )
    chunk_execution: float = parameter(
        2.0,
        'Time for which a chunk may be executed until the next one is there, s; those that want '
        'longer are refused. So long may it take until a silent policy server is noticed.',
        low=0.1,
        high=30.0,
    )
    start: str = parameter(
        'episode',
        "episode: the node waits for the operator's. immediately: it starts one itself, and the "
        'arm moves as soon as chunks come.',
        choices=('episode', 'immediately'),
    )
    instruction: str = parameter('', 'Task in words, of an episode that the node starts.')
    seed: int = parameter(7, 'Seed of all random draws of the plans.', low=0, high=2**31 - 1)
    policy_state: str = parameter(
        'auto',
        'What the policy is told of the arm. joints: 7 joints and gripper. libero: pose and '
        'fingers. auto: as policies of the action space expect.',
        choices=('auto', 'joints', 'libero'),
    )
    frame_prefix: str = parameter('', 'What begins the names of frames, such as left/.')
    autostart: bool = parameter(
        True, 'Whether the node configures and activates itself, or waits for its manager.'
    )
    # What follows is for driver topics.
    command: str = parameter(
        'forward',
        'What the controller takes. forward: positions as Float64MultiArray. target_joint: a '
        'JointState (crisp_controllers). trajectory: a JointTrajectory of one point. target_pose: '
        'a PoseStamped of the tool (crisp_controllers).',
        choices=('forward', 'target_joint', 'trajectory', 'target_pose'),
    )
    command_topic: str = parameter(
        '',
        'Topic on which the controller listens; empty for forward_position_controller/commands, '
        'target_joint, joint_trajectory_controller/joint_trajectory or target_pose.',
    )
    joints: str = parameter(
        '',
        'Names of the seven joints in the order of the arm and of the controller: with commas '
        'between them, or one with a # for the number; empty for fr3_joint# or panda_joint#.',
    )
    state_topic: str = parameter('joint_states', 'Topic of the joint states, a JointState.')
    pose_topic: str = parameter(
        'current_pose',
        "Topic of the controller's own pose of the tool, a PoseStamped; target_pose needs it.",
    )
    posture_topic: str = parameter(
        'target_joint',
        'Topic of the joint positions that go with a target_pose, a JointState; empty for none.',
    )
    base_frame: str = parameter(
        '', 'Frame of target_pose: the base of the arm; empty for base with its frame_prefix.'
    )
    trajectory_time: float = parameter(
        0.1, 'Time in which the point of a trajectory is to be reached, s.', low=0.01, high=2.0
    )
    smoothing: float = parameter(
        0.03,
        'Time over which the driver topics averages references, s: half of it is lag; 0 sends '
        'them as they are.',
        low=0.0,
        high=0.2,
    )
    wrench_topic: str = parameter(
        '',
        'Topic of the external force and torque on the tool along the axes of the base, a '
        'WrenchStamped; without it they do not stop the arm.',
    )
    torque_topic: str = parameter(
        '',
        'Topic of the external joint torques, efforts of a JointState; without it they do not '
        'stop the arm.',
    )
    gripper: str = parameter(
        'none',
        'How the gripper is told. topic: positions as Float64MultiArray. gripper_command, '
        'parallel_gripper_command: actions of control_msgs.',
        choices=('none', 'topic', 'gripper_command', 'parallel_gripper_command'),
    )
    gripper_topic: str = parameter(
        '',
        'Topic or action of the gripper; empty for gripper_position_controller/commands or, of '
        'actions, gripper_controller/gripper_cmd.',
    )
    gripper_joints: str = parameter(
        '',
        'Names of the joints of the fingers in the joint states, with commas between them; if '
        'empty, the fingers count as being where they were sent.',
    )
    gripper_state_topic: str = parameter(
        '', 'Topic of the joint states of the fingers, if they are on one of their own.'
    )
    gripper_open: float = parameter(
        0.039,
        'Position of these joints when open, m or rad. Of the Franka Hand each finger moves '
        '0.04 m.',
        low=-10.0,
        high=10.0,
    )
    gripper_closed: float = parameter(
        0.0, 'Position of these joints when closed, m or rad.', low=-10.0, high=10.0
    )
    gripper_width: float = parameter(0.08, 'Distance of the open fingers, m.', low=0.001, high=1.0)

    def __post_init__(self) -> None:
        if self.gripper_open == self.gripper_closed:
            raise ConfigError('gripper_open and gripper_closed must differ')
