# SPDX-License-Identifier: Apache-2.0
"""The pilot that the parameters of `human_guidance` ask for."""

from __future__ import annotations

import dataclasses
import functools
import time

from rclpy.node import Node

from frs_ros.errors import ConfigError
from frs_ros.guidance.operator.devices.base import AxesSource
from frs_ros.guidance.operator.devices.recording import Recorder
from frs_ros.guidance.operator.devices.replay import Replay
from frs_ros.guidance.operator.devices.spacemouse import SpaceMouse, open_first
from frs_ros.guidance.operator.joystick import JoystickLayout
from frs_ros.guidance.operator.keyboard import Keyboard
from frs_ros.guidance.operator.mapper import DirectionMapper, MapperSettings
from frs_ros.guidance.operator.pilots import DevicePilot, KeyPilot, NoPilot, Pilot
from frs_ros.nodes.axes_topics import JoyAxes, TwistAxes
from frs_ros.nodes.parameters.human_guidance import (
    JOY,
    KEYBOARD,
    NONE,
    REPLAY,
    SPACENAV,
    HumanGuidanceParameters,
)


def make_pilot(node: Node, parameters: HumanGuidanceParameters) -> Pilot:
    """The pilot, started.

    Raises:
        FrsError: The parameters contradict each other, a library or a file is missing.
    """
    p = parameters
    if p.device == NONE:
        return NoPilot()
    if p.device == KEYBOARD:
        return KeyPilot(Keyboard(hold=p.hold, magnitude=p.magnitude, view_yaw=p.view_yaw))
    shared = {f.name for f in dataclasses.fields(MapperSettings)} & set(vars(p))
    settings = MapperSettings(
        on=p.on_deflection, off=p.off_deflection, **{name: getattr(p, name) for name in shared}
    )
    source = _source(node, p)
    source.start()
    return DevicePilot(source, DirectionMapper(settings, p.device))


def _source(node: Node, p: HumanGuidanceParameters) -> AxesSource:
    if p.device == SPACENAV:
        return TwistAxes(node, p.timeout, p.scale)
    if p.device == JOY:
        return JoyAxes(node, p.timeout, p.scale, JoystickLayout.parse(p.joy_axes))
    if p.device == REPLAY:
        if not p.recording:
            raise ConfigError('device replay needs a recording; set the parameter recording')
        replay = Replay(p.recording, repeat=p.repeat, rest=p.off_deflection)
        if replay.notice:
            node.get_logger().warning(replay.notice)
        return replay
    recorder = Recorder(p.record, time.monotonic) if p.record else None
    open_mouse = functools.partial(open_first, tap=recorder and recorder.tap)
    return SpaceMouse(open_mouse, rest=p.off_deflection)
