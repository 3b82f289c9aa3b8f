# SPDX-License-Identifier: Apache-2.0
"""A controller from names and settings: connects the robot and puts the parts together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from frs_ros.arm.kinematics import Kinematics, PinocchioKinematics
from frs_ros.arm.models import ArmModel
from frs_ros.errors import ConfigError
from frs_ros.messages.plan import PlanRequest
from frs_ros.robot.base import FaultKind, RobotDriver, RobotError, RobotInfo
from frs_ros.robot.controller import ArmController, Rules
from frs_ros.robot.registry import make_driver
from frs_ros.robot.settings import CellSettings
from frs_ros.robot.topics.options import Options as TopicsOptions
from frs_ros.robot.topics.transport import Transport

PAUSE = 0.5  # s between two attempts to connect


def driver_for(
    name: str,
    cell: CellSettings,
    *,
    address: str,
    allow_non_realtime: bool,
    clock: Callable[[], float],
    topics: tuple[TopicsOptions, Transport] | None = None,
) -> RobotDriver:
    """A driver set up as the cell's file says; ConfigError if there is no such driver."""
    return make_driver(
        name,
        model=cell.model,
        address=address,
        allow_non_realtime=allow_non_realtime,
        torque_threshold=cell.collision.torque,
        force_threshold=cell.collision.force,
        gripper_speed=cell.gripper.speed,
        gripper_force=cell.gripper.force,
        topics=topics,
        clock=clock,
    )


def connect(
    driver: RobotDriver,
    timeout: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> RobotInfo:
    """Connects, again and again until `timeout` s have passed: the robot may just be starting.

    Args:
        driver: Not connected.
        timeout: s; also that of a single attempt.
        clock: s.
        sleep: Waits for some s between two attempts; what it raises ends the waiting.

    Raises:
        RobotError: It cannot be reached, or something is wrong that waiting does not fix.
    """
    end = clock() + timeout
    while True:
        try:
            return driver.connect(max(end - clock(), PAUSE))
        except RobotError as error:
            if error.fault.kind is not FaultKind.CONNECTION or clock() + PAUSE >= end:
                raise
        sleep(PAUSE)


def kinematics_of(info: RobotInfo, model: ArmModel) -> Kinematics:
    """From the robot's own description if it gives one, else from the published parameters.

    Raises:
        ConfigError: The robot is of another model than the settings.
        DependencyError: The library is missing.
    """
    if info.model != model.name:
        raise ConfigError(f'the robot is a {info.model}, but the settings are for a {model.name}')
    if info.urdf:
        return PinocchioKinematics.from_urdf(info.urdf, model.tool)
    return PinocchioKinematics.of_model(model)


def make_controller(
    driver: RobotDriver,
    info: RobotInfo,
    rules: Rules,
    cell: CellSettings,
    *,
    clock: Callable[[], float],
    stamp: Callable[[], int],
    ask: Callable[[PlanRequest], None],
    report: Callable[[Exception], None],
    census: Callable[[], Mapping[str, str]],
) -> ArmController:
    """The controller of a connected robot; see `ArmController`."""
    kinematics = kinematics_of(info, cell.model)
    return ArmController(
        driver,
        info,
        kinematics,
        rules,
        cell,
        clock=clock,
        stamp=stamp,
        ask=ask,
        report=report,
        census=census,
    )
