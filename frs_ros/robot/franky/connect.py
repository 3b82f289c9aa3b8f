# SPDX-License-Identifier: Apache-2.0
"""Opens the connection to a Franka arm and its hand, within a time limit."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from frs_ros.errors import DependencyError
from frs_ros.robot.base import RobotError
from frs_ros.robot.franky.bounded import within
from frs_ros.robot.franky.faults import line, unconnected

GRIPPER_TIME = 2.0  # s at most for the hand, once the arm is connected
ROBOT_NAME = re.compile(r'<robot[^>]*\bname="([^"]+)"')
MODEL_NAMES = (('fr3', 'fr3'), ('panda', 'panda'), ('fer', 'panda'))


@dataclass(frozen=True)
class Options:
    """How to connect.

    Attributes:
        address: Name or IP address of the robot.
        allow_non_realtime: Whether a kernel without real-time scheduling will do.
        torque_threshold: Nm, external torque at a joint at which the robot stops itself.
        force_threshold: N and Nm, external wrench on the tool at which the robot stops itself.
        with_gripper: Whether to connect to the Franka Hand.
        gripper_speed: m/s of the width.
        gripper_force: N, when closing.
    """

    address: str
    allow_non_realtime: bool = False
    torque_threshold: float = 20.0
    force_threshold: float = 30.0
    with_gripper: bool = True
    gripper_speed: float = 0.1
    gripper_force: float = 20.0


@dataclass(frozen=True)
class Connection:
    """What has been connected.

    Attributes:
        robot: franky.Robot.
        gripper: franky.Gripper, None if there is none.
        gripper_line: Why there is none.
        gripper_width: The largest, m; 0 without a gripper.
    """

    robot: Any
    gripper: Any
    gripper_line: str
    gripper_width: float


def load_franky() -> ModuleType:
    """The library; DependencyError with the command that installs it if it is missing."""
    try:
        return importlib.import_module('franky')
    except ImportError as error:
        raise DependencyError(
            f'the library franky cannot be loaded ({line(error)}); pip install franky-control'
        ) from error


def connect(
    franky: ModuleType,
    options: Options,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
) -> Connection:
    """Connects to arm and hand.

    The constructor of franky.Robot has no time limit and waits for ever if another client holds
    the robot. An attempt that succeeds after all when nobody waits for it is dropped at once, so
    that it does not keep the robot from the next one.

    Raises:
        RobotError: The arm cannot be connected to. The hand may be missing.
    """

    def arm() -> Any:
        return franky.Robot(
            options.address,
            default_torque_threshold=options.torque_threshold,
            default_force_threshold=options.force_threshold,
            realtime_config=getattr(
                franky.RealtimeConfig, 'Ignore' if options.allow_non_realtime else 'Enforce'
            ),
        )

    try:
        robot = within(timeout, arm)
    except Exception as error:
        raise RobotError(unconnected(franky, error, options.address, clock())) from error
    if not options.with_gripper:
        return Connection(robot, None, '', 0.0)
    return _with_gripper(franky, robot, options.address, min(timeout, GRIPPER_TIME))


def described(urdf: str) -> str:
    """The arm model ('fr3', 'panda') that a robot's own description is of, '' if it is unclear."""
    found = ROBOT_NAME.search(urdf)
    name = found.group(1).lower() if found else ''
    return next((model for prefix, model in MODEL_NAMES if name.startswith(prefix)), '')


def _with_gripper(franky: ModuleType, robot: Any, address: str, timeout: float) -> Connection:
    def hand() -> tuple[Any, float]:
        gripper = franky.Gripper(address)
        return gripper, float(gripper.max_width)

    try:
        gripper, width = within(timeout, hand)
    except TimeoutError:
        return Connection(robot, None, 'no gripper: it does not answer', 0.0)
    except Exception as error:
        return Connection(robot, None, f'no gripper: {line(error)}', 0.0)
    return Connection(robot, gripper, '', width)
