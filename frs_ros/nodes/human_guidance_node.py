# SPDX-License-Identifier: Apache-2.0
"""Node `human_guidance`: a person with a keyboard, a SpaceMouse or a joystick."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.task import Future

from frs_ros.errors import ConfigError, FrsError
from frs_ros.guidance.operator.episode_keys import OperatorEpisodes, episode_help
from frs_ros.guidance.operator.screen import HELP_KEY, status
from frs_ros.guidance.operator.view import seen_from
from frs_ros.msg import Episode
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.nodes import hold_key, topics
from frs_ros.nodes.hold_key import HoldKey
from frs_ros.nodes.parameters.human_guidance import KEYBOARD, NONE, HumanGuidanceParameters
from frs_ros.nodes.pilots import make_pilot
from frs_ros.nodes.terminal import Terminal, open_terminal
from frs_ros.program import command
from frs_ros.ros import qos, spin
from frs_ros.ros.convert.checks import text
from frs_ros.ros.convert.episode import episode_to_msg
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.diagnostics import Diagnostics
from frs_ros.ros.parameters import declare

CHECK_PERIOD = 0.5  # s between two looks at whether the device is there


class HumanGuidance(Node):
    """Publishes `guidance` at a fixed rate; it says that nobody steers when nobody does.

    Publishes `episode` when the operator starts or ends one. A device that is lost is named on
    /diagnostics, and nobody steers meanwhile.

    Attributes:
        done: Fulfilled when the terminal is closed.
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__('human_guidance', automatically_declare_parameters_from_overrides=True)
        self.done = Future()
        parameters = declare(self, HumanGuidanceParameters)
        if parameters.device in (KEYBOARD, NONE) and terminal.problem:
            raise ConfigError(
                f'the keyboard needs a terminal, and {terminal.problem}; run in one of its own: '
                f'{keyboard_hint()}'
            )
        self._terminal, self._instruction = terminal, text('instruction', parameters.instruction)
        self._frame = parameters.frame
        self._diagnostics = Diagnostics(self)
        self._pilot = make_pilot(self, parameters)
        session = time.strftime('human-%Y%m%d-%H%M%S')
        self._episodes = OperatorEpisodes(session, parameters.instruction, parameters.seed)
        self._publisher = self._advertise() if parameters.device != NONE else None
        self._episode = self.create_publisher(Episode, topics.EPISODE, qos.LATCHED)
        self._hold = HoldKey(self, terminal.say)
        self._say_help()
        self.create_timer(1.0 / parameters.rate, self._on_period)
        self.create_timer(CHECK_PERIOD, self._check)

    def _advertise(self) -> Publisher:
        return self.create_publisher(GuidanceMsg, topics.GUIDANCE, qos.GUIDANCE_NEWEST)

    def _on_period(self) -> None:
        now_ns = time.monotonic_ns()  # taps and silence last as long whatever the clock does
        try:
            keys = self._terminal.keys()
        except EOFError:
            self.done.set_result(None)
            return
        for key in keys:
            self._pilot.press(key, now_ns)
            self._on_episode_key(key)
            self._hold.press(key)
            if key == HELP_KEY:
                self._say_help()
        guidance = self._pilot.guidance(now_ns)
        if guidance is not None and self._publisher is not None:
            stamp_ns = self.get_clock().now().nanoseconds
            turned = seen_from(guidance, self._frame)
            stamped = dataclasses.replace(turned, stamp_ns=stamp_ns)
            self._publisher.publish(guidance_to_msg(stamped))
        lost, restless = bool(self._pilot.fault()), self._pilot.restless()
        line = status(guidance, self._episodes.status, lost=lost, restless=restless)
        self._terminal.show(line)

    def _on_episode_key(self, key: str) -> None:
        self._episodes, event = self._episodes.press(key)
        if event is not None:
            now_ns = self.get_clock().now().nanoseconds
            self._episode.publish(episode_to_msg(event, now_ns))

    def _check(self) -> None:
        fault = self._pilot.fault()
        if fault:
            self._diagnostics.report('device', fault)
        else:
            self._diagnostics.clear('device')
        if self._publisher is None:
            return
        topic = self._publisher.topic_name
        count = self.count_publishers(topic)
        if count > 1:
            self._diagnostics.report('others', f'{count} nodes publish {topic}: they alternate')
        else:
            self._diagnostics.clear('others')

    def _say_help(self) -> None:
        keys = f'{episode_help()}\n{hold_key.HELP}\n?      this help'
        if self._terminal.problem:
            words = ['--ros-args', '-p', f'device:={NONE}']
            if self._instruction:
                words += ['-p', f'instruction:={json.dumps(self._instruction)}']  # as YAML
            keys = f'to begin and end episodes, run in a terminal: {keyboard_hint()} '
            keys += shlex.join(words)
        self._terminal.say(f'{self._pilot.help}\n{keys}\nCtrl-C ends.')

    def destroy_node(self) -> None:
        """Gives the device back."""
        if hasattr(self, '_pilot'):
            self._pilot.close()
        super().destroy_node()


def keyboard_hint() -> str:
    """How to start the keyboard in another terminal."""
    domain = os.environ.get('ROS_DOMAIN_ID')
    prefix = f'ROS_DOMAIN_ID={domain} ' if domain else ''
    return prefix + shlex.join(command('frs_ros.nodes.human_guidance_node'))


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    try:
        with open_terminal() as terminal:
            return spin.run(lambda: HumanGuidance(terminal), args)
    except FrsError as error:
        print(f'frs_ros: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


if __name__ == '__main__':
    sys.exit(main())
