# SPDX-License-Identifier: Apache-2.0
"""Node `bag_player`: publishes what a bag holds, at its recorded distances."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from rosgraph_msgs.msg import Clock as ClockMsg
from std_srvs.srv import Trigger

from frs_ros.bags.play.audience import Audience
from frs_ros.bags.play.playback import Playback, Recorded
from frs_ros.bags.play.playback_clock import NS, EagerClock, PlaybackClock, SteadyClock
from frs_ros.bags.play.playback_thread import PlaybackThread
from frs_ros.bags.play.played_bag import open_played_bag
from frs_ros.errors import ConfigError, DataError, FrsError
from frs_ros.nodes.outlets import Outlets
from frs_ros.nodes.parameters.bag_player import BagPlayerParameters
from frs_ros.nodes.terminal import Terminal, open_terminal
from frs_ros.ros import qos, spin, stamps
from frs_ros.ros.parameters import declare
from frs_ros.text import one_line

PERIOD = 0.05  # s between two looks at keys and progress
LATEST = 2**31  # s since 1970 that a message stamp can hold
CLOCK = '/clock'  # an absolute name by ROS convention
HELP = 'space  pause, go on\nS      pause, and play one message\n?      this help\nCtrl-C ends.'


class BagPlayer(Node):
    """Publishes the raw messages of a bag; the time of the recording on `/clock` if asked for.

    Services `~/pause`, `~/resume`, `~/toggle` and `~/step`; keys where there is a terminal.

    Attributes:
        done: Fulfilled at the end of the bag.
        problem: Why it could not be played whole; '' if it could.
    """

    def __init__(self, terminal: Terminal, values: Mapping[str, Any]) -> None:
        super().__init__(
            'bag_player',
            automatically_declare_parameters_from_overrides=True,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
        )
        self.done: Future = Future()
        self.problem = ''
        self._settings = p = declare(self, BagPlayerParameters)
        if not p.bag:
            raise ConfigError('name the bag to play: -p bag:=...')
        self._terminal, self._listens = terminal, True
        self._bag = open_played_bag(Path(p.bag).expanduser())
        chosen = self._bag.choose([word.strip() for word in p.topics.split(',') if word.strip()])
        self._outlets = Outlets(self, chosen, p.prefix, self._warn)
        self._start_ns = self._bag.start_ns + round(p.start_offset * NS)
        if p.clock and not (self._bag.start_ns >= 0 and self._bag.end_ns < LATEST * NS):
            raise ConfigError(
                f'{p.bag}: its times are not from 1970 to 2038, which /clock cannot tell; play it '
                'without clock'
            )
        self._audience = Audience(p.wait_for, p.wait_limit, time.monotonic())
        self._started = self._over = False
        self._ending = threading.Event()
        self._thread = self._make_thread()
        if p.start_paused:
            self._thread.pause()
        self._offer_services()
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # never the time that it publishes
        self.create_timer(PERIOD, self._on_period, clock=steady)
        if p.clock:
            self._time = self.create_publisher(ClockMsg, CLOCK, qos.DISPLAY)
            self.create_timer(1.0 / p.clock, self._tell_time, clock=steady)
        terminal.say(f'{p.bag}: {self._length:.1f} s, {len(self._outlets.topics)} topics')
        if not terminal.problem:
            terminal.say(HELP)

    @property
    def _length(self) -> float:
        return max(0.0, (self._bag.end_ns - self._start_ns) / NS)

    def _make_thread(self) -> PlaybackThread:
        p, outlets, give_up = self._settings, self._outlets, self._ending.is_set
        clock: PlaybackClock = SteadyClock(time.monotonic_ns, self._start_ns, p.rate)
        publish: Callable[[Recorded], None] = outlets.publish
        if p.as_fast_as_possible:
            clock = EagerClock(self._start_ns)
            publish = partial(outlets.publish_gently, give_up=give_up)
        playback = Playback(
            lambda: self._bag.messages(outlets.topics, self._start_ns),
            clock,
            start_ns=self._start_ns,
            loop=p.loop,
        )
        return PlaybackThread(playback, publish, lambda: outlets.flush(give_up))

    def _warn(self, line: str) -> None:
        self.get_logger().warning(line)

    def _offer_services(self) -> None:
        for name, act in (
            ('pause', self._thread.pause),
            ('resume', self._thread.resume),
            ('toggle', self._thread.toggle),
            ('step', self._thread.step),
        ):
            self.create_service(Trigger, f'~/{name}', partial(self._serve, act))

    def _serve(
        self, act: Callable[[], None], _: Trigger.Request, answer: Trigger.Response
    ) -> Trigger.Response:
        act()
        answer.success, answer.message = True, self._status()
        return answer

    def _on_period(self) -> None:
        try:
            self._go_on()
        except FrsError as error:
            self.problem = str(error)
            self.done.set_result(None)

    def _go_on(self) -> None:
        if self.problem:
            return
        if not self._started:
            if not self._audience.complete(self._outlets.listeners, time.monotonic()):
                return
            self._thread.start()
            self._started = True
        self._heed_keys()
        if self._terminal.in_place:
            self._terminal.show(self._status())
        if self._thread.ended and not self._over:
            if self._thread.error is not None:
                raise self._thread.error
            self._over = True
            self._end()

    def _end(self) -> None:
        """Says what was played; DataError if that is not all of the bag."""
        for line in self._bag.steps:
            self._warn(line)
        self._terminal.say(f'end of the bag: {self._thread.count} messages')
        if self._bag.notes:
            notes = one_line('; '.join(self._bag.notes), 1000)
            line = f'{self._bag.path} was not played whole: {notes}'
            if not self._settings.stay:
                raise DataError(line)
            self.get_logger().error(line)
        elif not self._settings.stay:
            self.done.set_result(None)

    def _heed_keys(self) -> None:
        if not self._listens:
            return
        try:
            keys = self._terminal.keys()
        except EOFError:  # the terminal is gone, the playback goes on
            self._listens = False
            return
        for key in keys.lower():
            if key == ' ':
                self._thread.toggle()
            elif key == 's':
                self._thread.step()
            elif key == '?':
                self._terminal.say(HELP)

    def _status(self) -> str:
        at = min(max(0.0, (self._thread.now_ns - self._start_ns) / NS), self._length)
        share = at / self._length if self._length else 1.0
        state = 'paused' if self._thread.paused else 'playing'
        return (
            f'{state}  {at:6.1f} of {self._length:.1f} s  {100 * share:3.0f} %  '
            f'{self._thread.count} messages'
        )

    def _tell_time(self) -> None:
        if self._started:
            self._time.publish(ClockMsg(clock=stamps.to_time(self._thread.now_ns)))

    def destroy_node(self) -> None:
        """Ends the playback."""
        if hasattr(self, '_thread'):
            self._ending.set()
            self._thread.stop()
        super().destroy_node()


def play(values: Mapping[str, Any], args: Sequence[str] | None = None) -> int:
    """Runs the node with parameters over those of its arguments; returns its exit code."""
    made: list[BagPlayer] = []

    def make(terminal: Terminal) -> BagPlayer:
        made.append(BagPlayer(terminal, values))
        return made[0]

    try:
        with open_terminal() as terminal:
            code = spin.run(partial(make, terminal), args)
        if made and made[0].problem:
            raise DataError(made[0].problem)
        return code
    except FrsError as error:
        print(f'frs_ros: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0


def main(args: Sequence[str] | None = None) -> int:
    """Runs the node; returns its exit code."""
    return play({}, args)


if __name__ == '__main__':
    sys.exit(main())
