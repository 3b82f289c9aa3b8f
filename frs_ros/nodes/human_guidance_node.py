# SPDX-License-Identifier: Apache-2.0
"""Node `human_guidance`: a person at the keyboard of a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rclpy.node import Node
from rclpy.task import Future

from frs_ros.errors import FrsError
from frs_ros.guidance.guidance import Guidance
from frs_ros.guidance.keyboard import Keyboard, help_text
from frs_ros.msg import Guidance as GuidanceMsg
from frs_ros.nodes import topics
from frs_ros.nodes.parameters.human_guidance import HumanGuidanceParameters
from frs_ros.nodes.table import keyboard_hint
from frs_ros.nodes.terminal import Terminal, open_terminal
from frs_ros.ros import qos, spin
from frs_ros.ros.convert.guidance import guidance_to_msg
from frs_ros.ros.parameters import declare


class HumanGuidance(Node):
    """Publishes `guidance` at a fixed rate; without keys it says that nobody steers.

    Attributes:
        done: Fulfilled when the terminal is closed.
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__('human_guidance', automatically_declare_parameters_from_overrides=True)
        self.done = Future()
        parameters = declare(self, HumanGuidanceParameters)
        self._terminal = terminal
        self._keyboard = Keyboard(hold=parameters.hold, magnitude=parameters.magnitude)
        self._publisher = self.create_publisher(GuidanceMsg, topics.GUIDANCE, qos.GUIDANCE_NEWEST)
        print(f'{help_text()}\nCtrl-C ends.\n', flush=True)
        self.create_timer(1.0 / parameters.rate, self._on_period)

    def _on_period(self) -> None:
        now = self.get_clock().now().nanoseconds
        try:
            keys = self._terminal.keys()
        except EOFError:
            self.done.set_result(None)
            return
        for key in keys:
            self._keyboard = self._keyboard.press(key, now)
        guidance = self._keyboard.guidance(now)
        self._publisher.publish(guidance_to_msg(guidance))
        self._terminal.show(status(guidance))


def status(guidance: Guidance) -> str:
    """One line on what is wished."""
    settings = f'speed {guidance.magnitude:g}  gripper {guidance.gripper.name.lower()}'
    if guidance.defer:
        return f'left to the policy        {settings}'
    if not guidance.active:
        return f'not steering              {settings}'
    x, y, z = guidance.direction
    return f'steering x {x:+.0f} y {y:+.0f} z {z:+.0f}   {settings}'


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    try:
        with open_terminal(keyboard_hint()) as terminal:
            return spin.run(lambda: HumanGuidance(terminal), args)
    except FrsError as error:
        print(f'frs_ros: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


if __name__ == '__main__':
    sys.exit(main())
