# SPDX-License-Identifier: Apache-2.0
"""The drivers under contract, each with its robot, its time and the faults it can have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import fake_franky
import numpy as np

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3
from frs_ros.robot import scripted
from frs_ros.robot.base import JointCommand
from frs_ros.robot.franky.connect import Options
from frs_ros.robot.franky.driver import FrankyDriver
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.topics.driver import TopicsDriver
from frs_ros.robot.topics.mock import MockArm
from frs_ros.robot.topics.options import Options as TopicsOptions
from frs_ros.robot.topics.options import joint_names
from frs_ros.robot.topics.transport import ArraySample, Audience, JointSample, TransportError

REST = 0.01  # rad/s; a simulated arm with gravity is never quite still


class Rig:
    """A driver and its robot.

    Attributes:
        driver: Not connected.
        reflexes: Whether `reflex` and `user_stop` can be made.
        losable: Whether `lose` and `restore` can be made.
    """

    driver = None
    reflexes = False
    losable = False

    def pause(self, seconds):
        """Lets time pass for the driver."""
        time.sleep(seconds)

    def until(self, condition, seconds, what):
        """Waits on the robot's time for at most `seconds`, or the driver's if that stands."""
        begin = self.driver.read().time
        waited = 0.0
        while not condition():
            passed = self.driver.read().time - begin
            assert passed <= seconds, f'{what} did not come true within {passed:.2f} s'
            assert waited <= 10 * seconds, f'{what} did not come true; the robot is silent'
            self.pause(0.01)
            waited += 0.01

    def follow(self, command, seconds, period=0.01):
        """Sends `command(t)` for some of the robot's time; returns the state then."""
        begin = self.driver.read().time
        state = self.driver.read()
        while state.time - begin < seconds:
            self.driver.command(command(state.time - begin))
            self.pause(period)
            state = self.driver.read()
        return state

    def resting(self):
        return float(np.abs(self.driver.read().dq).max()) < REST

    def close(self):
        self.driver.close()


class KinematicRig(Rig):
    reflexes = losable = True

    def __init__(self):
        self.now = 1000.0
        self.script = []
        self.driver = self.second()
        self._lost_since = None

    def second(self):
        return KinematicDriver(FR3, clock=lambda: self.now, script=self.script)

    def pause(self, seconds):
        self.now += seconds

    def reflex(self):
        self.script.append(scripted.Reflex(self.driver.read().time + 0.01))
        self.pause(0.02)

    def user_stop(self, pressed):
        self._switch(scripted.UserStop, pressed)

    def lose(self):
        self._switch(scripted.CommunicationLoss, True)

    def restore(self):
        self._switch(scripted.CommunicationLoss, False)

    def _switch(self, kind, on):
        self.script[:] = [e for e in self.script if not isinstance(e, kind)]
        if on:
            self.script.append(kind(0.0))


class MockTransport:
    """Topics of a `MockArm` whose time is turned by hand.

    Attributes:
        now: s, on the driver's clock and the arm's.
        arm: As if its controllers ran.
        sent: Targets, oldest first, with the time of each.
        change: What becomes of a joint state before it is heard; None: it is not published.
    """

    state_topic = 'joint_states'
    STEP = 0.005

    def __init__(self, command):
        self.now = 1000.0
        self.arm = MockArm(command, FR3, PinocchioKinematics.of_model(FR3))
        self.names = (*joint_names('', 'fr3'), 'fr3_finger_joint1', 'fr3_finger_joint2')
        self.opened, self.silent, self.broken = False, False, False
        self.listeners, self.rivals, self.joints_there = 1, (), None
        self.change = lambda sample: sample
        self.external = np.zeros(6)
        self.tool = np.eye(4)  # of the controller, in ours
        self.contact_at = None  # when the last wrench came; None: always now
        self.gripper_line = ''
        self.sent, self._samples = [], []

    def pause(self, seconds):
        for _ in range(round(seconds / self.STEP)):
            self.now += self.STEP
            self.arm.step(self.STEP)
            if self.opened and not self.silent:
                self._samples.append(self.state())

    def state(self):
        finger = [self.arm.finger] * 2
        positions, velocities = [*self.arm.q, *finger], [*self.arm.dq, 0.0, 0.0]
        return JointSample(self.names, positions, velocities, (), self.now, self.now)

    def open(self):
        self.opened = True

    def joints(self):
        samples, self._samples = self._samples, []
        return [s for s in map(self.change, samples) if s is not None]

    def wrench(self):
        return ArraySample(self.external, self.now if self.contact_at is None else self.contact_at)

    def torques(self):
        return None

    def pose(self):
        return ArraySample(self.arm.pose @ self.tool, self.now)

    def audience(self):
        return Audience('/commands', self.listeners, self.rivals)

    def controller_joints(self):
        return self.joints_there

    def send(self, target):
        if self.broken:
            raise TransportError('the context is shut down')
        self.sent.append((self.now, target))
        self.arm.take(target, 0.05)

    def gripper(self, closed):
        self.arm.gripper(closed)

    def close(self):
        self.opened = False


class TopicsRig(Rig):
    losable = True

    def __init__(self, command='forward', **options):
        self.topics = MockTransport(command)
        chosen = {'gripper': True, 'fingers': ('fr3_finger_joint1', 'fr3_finger_joint2')}
        chosen |= {'joints': joint_names('', 'fr3'), 'command': command, **options}
        self.driver = TopicsDriver(
            TopicsOptions(**chosen),
            FR3,
            self.topics,
            clock=lambda: self.topics.now,
            sleep=self.topics.pause,
        )

    def pause(self, seconds):
        self.topics.pause(seconds)

    def lose(self):
        self.topics.silent = True

    def restore(self):
        self.topics.silent = False
        self.pause(0.05)


class FakeRig(Rig):
    reflexes = losable = True

    def __init__(self):
        self.franky = fake_franky.FakeFranky()
        self.driver = self.second()

    def second(self):
        return FrankyDriver(Options('192.0.2.1'), FR3, franky=self.franky)

    def reflex(self):
        self.franky.arm.reflex()

    def user_stop(self, pressed):
        if pressed:
            self.franky.arm.press_stop()
        else:
            self.franky.arm.user_stop = False

    def lose(self):
        self.franky.arm.go_silent()

    def restore(self):
        self.franky.arm.speak_again()


class SimulatedRig(Rig):
    """On franky-sim; its arm stays where the last test left it."""

    losable = True

    def __init__(self, process):
        self._process = process
        self.host = process.host
        self.driver = self.second()

    def second(self):
        options = Options(self.host, allow_non_realtime=True)
        return FrankyDriver(options, FR3)

    def lose(self):
        """As a pulled cable: nothing more is heard, and nobody says goodbye."""
        self._process.signal(signal.SIGSTOP)

    def restore(self):
        self._process.signal(signal.SIGCONT)


class RealRig(Rig):
    """The robot at FRS_ROS_ROBOT. It moves, by a few centimetres: keep the stop at hand."""

    def __init__(self, address):
        self.driver = FrankyDriver(Options(address), FR3)


class SimulatedArm:
    """`frs_ros.robot.simulated_arm` as a process, on a loopback address of its own."""

    def __init__(self):
        low = os.getpid() % 60000
        self.host = f'127.77.{low // 250}.{low % 250 + 1}'
        self._process = None

    def start(self):
        """Starts it unless it runs; returns when it is ready."""
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'frs_ros.robot.simulated_arm', '--host', self.host],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        assert 'ready' in line, f'the simulated arm does not start: {line}'

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


def joint(index, value):
    """[7] zeros but one."""
    vector = np.zeros(7)
    vector[index] = value
    return vector


def reference(q, index=3, offset=0.0):
    """A position reference, one joint ahead of `q`."""
    return JointCommand(q + joint(index, offset), np.zeros(7))


def velocity(value, index=3):
    return JointCommand(np.zeros(7), joint(index, value))
