# SPDX-License-Identifier: Apache-2.0
"""Robot drivers by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from frs_ros.arm.models import ArmModel
from frs_ros.errors import ConfigError, choose
from frs_ros.robot.base import RobotDriver
from frs_ros.robot.scripted import Event
from frs_ros.robot.topics.options import Options as TopicsOptions
from frs_ros.robot.topics.transport import Transport

DRIVERS = ('kinematic', 'franky', 'topics')


def make_driver(
    name: str,
    *,
    model: ArmModel,
    address: str = '',
    allow_non_realtime: bool = False,
    torque_threshold: float = 20.0,
    force_threshold: float = 30.0,
    gripper_speed: float = 0.1,
    gripper_force: float = 20.0,
    topics: tuple[TopicsOptions, Transport] | None = None,
    script: Sequence[Event] = (),
    clock: Callable[[], float] = time.monotonic,
) -> RobotDriver:
    """Makes a driver that is not connected yet.

    Args:
        name: 'kinematic' (arithmetic, no robot), 'franky' (a Franka arm, or franky-sim) or
            'topics' (an arm with controllers of its own).
        model: Limits and geometry of the arm.
        address: Name or IP address of the robot; only 'franky' needs it.
        allow_non_realtime: See `franky.connect.Options`, also for the next four.
        torque_threshold: Nm.
        force_threshold: N.
        gripper_speed: m/s.
        gripper_force: N.
        topics: How the arm of 'topics' is reached, and through what.
        script: What goes wrong in the kinematic simulation, see `scripted`.
        clock: Seconds; stamps states and faults.

    Raises:
        ConfigError: There is no such driver, or it has no address or topics.
    """
    if choose('robot driver', name, DRIVERS) == 'kinematic':
        from frs_ros.robot.kinematic import KinematicDriver

        return KinematicDriver(model, clock=clock, script=script)
    if name == 'topics':
        from frs_ros.robot.topics.driver import TopicsDriver

        if topics is None:
            raise ConfigError('driver topics needs ROS, in the node franka_controller')
        how, through = topics
        return TopicsDriver(how, model, through, clock=clock)
    if not address:
        raise ConfigError("driver franky needs the robot's address, such as address:=172.16.0.2")
    from frs_ros.robot.franky.connect import Options
    from frs_ros.robot.franky.driver import FrankyDriver

    options = Options(
        address,
        allow_non_realtime=allow_non_realtime,
        torque_threshold=torque_threshold,
        force_threshold=force_threshold,
        gripper_speed=gripper_speed,
        gripper_force=gripper_force,
    )
    return FrankyDriver(options, model, clock=clock)
