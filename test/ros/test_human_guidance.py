# SPDX-License-Identifier: Apache-2.0
"""The node with a keyboard (a pty), without one, and with devices."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from sensor_msgs.msg import Joy
from std_srvs.srv import Trigger

from frs_ros.msg import Episode, Guidance
from frs_ros.ros import qos

COMMAND = [sys.executable, '-m', 'frs_ros.nodes.human_guidance_node', '--ros-args']


class Keyboard:
    """The node at the other end of a pty."""

    def __init__(self, *ros_args: str, command: list[str] = COMMAND) -> None:
        self.end, other = pty.openpty()
        self.before = termios.tcgetattr(other)
        self.process = subprocess.Popen(
            [*command, *ros_args], stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        self.other = other
        self.screen = ''

    def type(self, keys: str) -> None:
        os.write(self.end, keys.encode())

    def read(self) -> str:
        """All the screen has shown so far."""
        os.set_blocking(self.end, False)
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.end, 4096):
                self.screen += data.decode(errors='replace')
        return self.screen

    def settings(self) -> list:
        return termios.tcgetattr(self.other)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.end)
        os.close(self.other)


@pytest.fixture
def keyboard(ros_domain):
    made = []

    def make(*ros_args: str, **options) -> Keyboard:
        made.append(Keyboard(*ros_args, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_keys_become_guidance_and_the_terminal_is_restored(ros, keyboard):
    received = ros.collect(ros.node(), Guidance, 'guidance', qos.GUIDANCE_NEWEST)
    terminal = keyboard('-p', 'hold:=0.4')
    ros.wait_for(lambda: received, 20.0, 'guidance')
    assert not received[-1].enabled  # nobody has touched a key
    assert terminal.settings() != terminal.before
    assert 'forward / back' in terminal.read()

    terminal.type('\x1b[A2q')  # an arrow key means nothing, least of all 'left'
    ros.wait_for(lambda: received[-1].enabled, what='steering')
    assert list(received[-1].direction) == [0, 0, 1]
    assert (received[-1].magnitude, received[-1].source) == (0.5, 'keyboard')
    ros.wait_for(lambda: 'z +1' in terminal.read(), what='the direction on the screen')

    ros.wait_for(lambda: not received[-1].enabled, 3.0, 'the end of the wish')
    assert list(received[-1].direction) == [0, 0, 0]
    ros.wait_for(lambda: terminal.read().rindex('not steering') > terminal.read().rindex('z +1'))

    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.process.wait(20.0) == 0
    assert terminal.settings() == terminal.before
    assert 'Traceback' not in terminal.read()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_terminal_is_restored_whatever_the_signal(ros_domain, keyboard, wait_for, number):
    terminal = keyboard()
    wait_for(lambda: 'Ctrl-C ends' in terminal.read(), 20.0, 'the help screen')
    terminal.process.send_signal(number)
    assert terminal.process.wait(20.0) == 0
    assert terminal.settings() == terminal.before


def test_wrong_parameter_restores_the_terminal(keyboard):
    terminal = keyboard('-p', 'hold:=-1.0')
    assert terminal.process.wait(20.0) == 2
    assert 'hold is -1.0' in terminal.read()
    assert terminal.settings() == terminal.before


def test_without_a_terminal_it_says_what_to_do(node_process):
    process = node_process('human_guidance')
    assert process.wait(20.0) == 2
    assert len(process.output.splitlines()) == 1
    assert 'program.py frs_ros.nodes.human_guidance_node' in process.output


# ---- episodes ---------------------------------------------------------------------------------


def test_episodes_are_announced_to_whoever_comes_late(ros, keyboard):
    terminal = keyboard('-p', "instruction:='pick up the cup'", '-p', 'seed:=40')
    ros.wait_for(lambda: 'Ctrl-C ends' in terminal.read(), 20.0, 'the help screen')
    terminal.type('yb')  # a success of nothing is nothing
    ros.wait_for(lambda: 'episode human-' in terminal.read(), what='the episode on the screen')
    episodes = ros.collect(ros.node(), Episode, 'episode', qos.LATCHED)
    ros.wait_for(lambda: episodes, what='the start')
    for count, keys in ((2, 'by'), (3, 'b'), (4, 'n')):  # 'b' while one runs is nothing
        terminal.type(keys)
        ros.wait_for(lambda n=count: len(episodes) == n, what=f'event {count}')
    start, end, again, failed = episodes
    assert (start.event, start.instruction, start.seed) == (Episode.START, 'pick up the cup', 40)
    assert (end.event, end.outcome) == (Episode.END, Episode.OUTCOME_SUCCESS)
    assert (failed.event, failed.outcome) == (Episode.END, Episode.OUTCOME_FAILURE)
    assert start.id == end.id != again.id == failed.id
    assert again.seed == 41


def test_episodes_alone_leave_steering_to_others(ros, keyboard, node_process):
    node = ros.node()
    diagnostics = ros.collect(node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    joystick = node_process(
        'human_guidance', '-p', 'device:=joy', '-p', 'instruction:=\'pick up "it"\''
    )
    ros.wait_for(lambda: node.count_publishers('guidance') == 1, 20.0, 'the joystick')
    hint = next(line for line in joystick.output.splitlines() if 'run in a terminal' in line)
    words = shlex.split(hint)  # as a shell would read it
    terminal = keyboard(*words[words.index('-p') :])
    episodes = ros.collect(node, Episode, 'episode', qos.LATCHED)
    ros.wait_for(lambda: 'Ctrl-C ends' in terminal.read(), 20.0, 'the help screen')
    terminal.type('b')
    ros.wait_for(lambda: episodes, what='the start')
    assert episodes[0].instruction == 'pick up "it"'
    assert node.count_publishers('guidance') == 1

    keyboard()

    def named() -> bool:
        return any('2 nodes publish /guidance' in s.message for a in diagnostics for s in a.status)

    ros.wait_for(named, 20.0, 'the second one that steers on /diagnostics')


def test_the_hold_key_asks_the_controller(ros, keyboard):
    node, asked = ros.node(), []

    def hold(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        asked.append(request)
        response.success, response.message = True, 'stopped'
        return response

    terminal = keyboard('-p', 'device:=none')
    ros.wait_for(lambda: 'Ctrl-C ends' in terminal.read(), 20.0, 'the help screen')
    terminal.type('h')
    ros.wait_for(lambda: 'nobody offers' in terminal.read(), what='that there is nobody')
    node.create_service(Trigger, 'franka_controller/hold', hold)

    def answered() -> bool:
        if not asked:
            terminal.type('h')  # the service may not be discovered yet
        return 'hold: stopped' in terminal.read()

    ros.wait_for(answered, what='the answer')


# ---- terminals --------------------------------------------------------------------------------


def test_as_a_child_of_launch_it_reads_the_controlling_terminal(ros, tmp_path):
    """stdin is no terminal and stdout is read by lines, but the process has a terminal."""
    end, other = pty.openpty()
    before = termios.tcgetattr(other)
    log = tmp_path / 'stdout'
    with log.open('wb') as stream:
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(other, termios.TIOCSCTTY, 0),
        )
    try:
        received = ros.collect(ros.node(), Guidance, 'guidance', qos.GUIDANCE_NEWEST)
        ros.wait_for(lambda: received, 20.0, 'guidance')
        os.write(end, b'a')
        ros.wait_for(lambda: received[-1].enabled, what='steering')
        assert list(received[-1].direction) == [0, 1, 0]
        ros.wait_for(lambda: log.read_text().count('not steering') == 2, what='lines of status')
        assert '\x1b' not in log.read_text()
        assert any('y +1' in line for line in log.read_text().splitlines())
        process.terminate()
        assert process.wait(20.0) == 0
        assert termios.tcgetattr(other) == before
    finally:
        process.kill()
        process.wait()
        os.close(end)
        os.close(other)


WITH_TERMINAL = (
    'import time\n'
    'from frs_ros.nodes.terminal import open_terminal\n'
    'with open_terminal() as terminal:\n'
    "    terminal.say(terminal.problem or 'open')\n"
    '    time.sleep(0 if terminal.problem else 60)\n'
)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_signals_before_ros_is_up_restore_the_terminal(keyboard, wait_for, number):
    terminal = keyboard(command=[sys.executable, '-c', WITH_TERMINAL])
    wait_for(lambda: 'open' in terminal.read(), what='the terminal')
    assert terminal.settings() != terminal.before
    terminal.process.send_signal(number)
    terminal.process.wait(20.0)
    assert terminal.settings() == terminal.before


def test_after_a_stop_keys_are_single_again(keyboard, wait_for):
    terminal = keyboard(command=[sys.executable, '-c', WITH_TERMINAL])
    wait_for(lambda: 'open' in terminal.read(), what='the terminal')
    single = terminal.settings()
    terminal.process.send_signal(signal.SIGSTOP)  # Ctrl-Z: the shell sets the terminal for itself
    termios.tcsetattr(terminal.other, termios.TCSANOW, terminal.before)
    terminal.process.send_signal(signal.SIGCONT)
    wait_for(lambda: terminal.settings() == single, what='single keys')


IN_BACKGROUND = (
    'import fcntl, os, subprocess, sys, termios\n'
    'fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n'
    'subprocess.run([sys.executable, "-c", sys.argv[1]], process_group=0)\n'
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason='subprocess has no process_group')
def test_in_the_background_of_a_shell_the_terminal_is_left_alone(keyboard, wait_for):
    terminal = keyboard(WITH_TERMINAL, command=[sys.executable, '-c', IN_BACKGROUND])
    wait_for(lambda: 'in the background' in terminal.read(), what='the reason')
    assert terminal.settings() == terminal.before
    assert terminal.process.wait(20.0) == 0


# ---- devices ----------------------------------------------------------------------------------


def recording(tmp_path, *entries: str) -> str:
    """A recording of a SpaceNavigator; its path."""
    path = tmp_path / 'recording.jsonl'
    path.write_text('\n'.join(['{"model": "SpaceNavigator"}', *entries]) + '\n')
    return str(path)


def push(start: float, end: float, values: str) -> list[str]:
    """Reports of a device that is held from `start` to `end`, after one at rest."""
    rest = f'{{"t": {start}, "hex": "01000000000000"}}'
    count = round((end - start) / 0.016)
    times = [start + 0.016 * (i + 1) for i in range(count)]
    return [rest, *(f'{{"t": {t:.3f}, "hex": "01{values}"}}' for t in times)]


FORWARD = '0000a2fe0000'  # y of the device -350


def test_a_recorded_spacemouse_steers_until_it_is_unplugged(ros, node_process, tmp_path):
    pytest.importorskip('pyspacemouse')
    path = recording(tmp_path, *push(1.0, 5.0, FORWARD), '{"t": 5.0, "event": "unplug"}')
    node = ros.node()
    received = ros.collect(node, Guidance, 'guidance', qos.GUIDANCE_NEWEST)
    diagnostics = ros.collect(node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    process = node_process(
        'human_guidance',
        *('-p', 'device:=replay', '-p', f'recording:={path}', '-p', 'view_yaw:=3.1416'),
    )
    ros.wait_for(lambda: received and received[-1].enabled, 20.0, 'steering')
    assert list(received[-1].direction) == [-1, 0, 0]  # facing the robot
    assert received[-1].source == 'replay'

    def lost() -> bool:
        return any('unplugged' in s.message for a in diagnostics for s in a.status)

    ros.wait_for(lost, what='the loss on /diagnostics')
    assert not received[-1].enabled
    assert list(received[-1].direction) == [0, 0, 0]
    count = len(received)
    ros.wait_for(lambda: len(received) > count + 5, what='guidance that goes on')
    assert process.interrupt() == 0
    assert 'Traceback' not in process.output
    assert 'steering x -1' in process.output


def test_spacenav_topics(ros, node_process):
    node = ros.node()
    received = ros.collect(node, Guidance, 'guidance', qos.GUIDANCE_NEWEST)
    twists = node.create_publisher(Twist, 'spacenav/twist', 10)
    buttons = node.create_publisher(Joy, 'spacenav/joy', 10)
    twist = Twist()
    node.create_timer(0.02, lambda: twists.publish(twist))
    node_process('human_guidance', '-p', 'device:=spacenav', '-p', 'scale:=1.46')
    ros.wait_for(lambda: received and twists.get_subscription_count(), 20.0, 'the node')
    ros.wait_for(buttons.get_subscription_count, what='the subscription to buttons')
    count = len(received)
    ros.wait_for(lambda: len(received) > count + 10, what='samples at rest')
    twist.linear.z = -0.5
    ros.wait_for(lambda: received[-1].enabled, what='steering')
    assert list(received[-1].direction) == [0, 0, -1]
    buttons.publish(Joy(buttons=[0, 1]))
    ros.wait_for(lambda: received[-1].gripper == Guidance.GRIPPER_CLOSE, what='the gripper')


def test_joy_topic_with_a_switch_and_its_loss(ros, node_process):
    node = ros.node()
    received = ros.collect(node, Guidance, 'guidance', qos.GUIDANCE_NEWEST)
    diagnostics = ros.collect(node, DiagnosticArray, '/diagnostics', qos.DIAGNOSTICS)
    joys = node.create_publisher(Joy, 'joy', 10)
    joy = Joy(axes=[0.0, 0.0, 0.0, -0.9], buttons=[0, 0, 0, 1])

    def publish() -> None:
        joy.header.stamp = node.get_clock().now().to_msg()
        joys.publish(joy)

    timer = node.create_timer(0.02, publish)
    node_process(
        'human_guidance',
        *('-p', 'device:=joy', '-p', 'enable_button:=3', '-p', "joy_axes:='x=1, y=0, z=-3'"),
    )
    ros.wait_for(lambda: received and joys.get_subscription_count(), 20.0, 'the node')
    count = len(received)
    ros.wait_for(lambda: len(received) > count + 20, what='samples')
    assert not any(msg.enabled for msg in received)  # the switch was held at the start
    joy.buttons = [0, 0, 0, 0]
    count = len(received)
    ros.wait_for(lambda: len(received) > count + 10, what='the switch let go of')
    joy.buttons = [0, 0, 0, 1]
    ros.wait_for(lambda: received[-1].enabled, what='steering')
    assert list(received[-1].direction) == [0, 0, 1]
    timer.cancel()
    ros.wait_for(lambda: not received[-1].enabled, 2.0, 'the end of the wish')

    def named() -> bool:
        return any('/joy is silent' in s.message for a in diagnostics for s in a.status)

    ros.wait_for(named, what='the loss on /diagnostics')


@pytest.mark.parametrize(
    ('overrides', 'named'),
    [
        (['device:=replay'], 'set the parameter recording'),
        (['device:=replay', 'recording:=/does/not/exist'], '/does/not/exist'),
        (['device:=joy', 'on_deflection:=0.1'], 'off < on'),
    ],
)
def test_wrong_settings_of_devices_are_one_line(node_process, overrides, named):
    words = [word for override in overrides for word in ('-p', override)]
    process = node_process('human_guidance', *words)
    assert process.wait(20.0) == 2
    assert named in process.output
    assert len(process.output.splitlines()) == 1
