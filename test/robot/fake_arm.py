# SPDX-License-Identifier: Apache-2.0
"""The robot's side of the fake of franky: what a FakeArm does with motions, and its faults."""

from __future__ import annotations

import threading
import time

import franky
import numpy as np

from frs_ros.arm.models import FR3
from frs_ros.robot.plant import GripperPlant, JointPlant

STEP = 0.002
UDP_TIMEOUT = 1.0  # s, of libfranka


class Motion:
    numbers = np.zeros(7)
    most = np.inf
    kind = ''
    started = False


class JointImpedanceTrackingMotion(Motion):
    kind = 'torque'

    def __init__(self, **gains):
        self.gains = gains
        self.reference = None

    def set_reference(self, reference):
        if not np.isfinite(reference.q).all() or not np.isfinite(reference.dq).all():
            raise ValueError('reference must contain only finite values')
        self.reference = reference

    def step(self, plant, dt):
        plant.track(self.reference.q, dt)
        return False


class TorqueStopMotion(Motion):
    kind = 'torque'

    def __init__(self, max_duration=2.0):
        pass

    def step(self, plant, dt):
        plant.brake(dt)
        return plant.resting


class JointVelocityMotion(Motion):
    kind = 'velocity'
    most = np.repeat([2.175, 2.61], [4, 3])

    def __init__(self, target, duration):
        self.numbers = np.array(target, dtype=float)
        self.left = duration.to_sec()

    def step(self, plant, dt):
        self.left -= dt
        plant.glide(self.numbers if self.left > 0 else np.zeros(7), dt)
        return self.left <= 0 and plant.resting


class JointVelocityStopMotion(TorqueStopMotion):
    kind = 'velocity'

    def __init__(self):
        pass


class FakeArm:
    """The robot at the other end of the cable."""

    def __init__(self):
        self.lock = threading.RLock()
        self.plant = JointPlant(FR3.home, FR3.limits.acceleration)
        self.fingers = GripperPlant(0.08)
        self.gripper_free = threading.Event()  # cleared: a command to the gripper never returns
        self.gripper_free.set()
        self.gripper_error: Exception | None = None
        self.gripper_commands: list[str] = []
        self.begin = time.monotonic()
        self.time = 0.0
        self.silent_since: float | None = None
        self.user_stop = False
        self.errors: tuple[str, ...] = ()
        self.recoverable = True
        self.clients = threading.Semaphore(1)
        self.motion = None
        self.motion_error: Exception | None = None
        self.bad_numbers = 0  # how often something not finite got here

    def advance(self):
        with self.lock:
            while time.monotonic() - self.begin - self.time >= STEP:
                self.time += STEP
                self._step()
            silent = self.silent_since
            if self.motion and silent and time.monotonic() - silent > UDP_TIMEOUT:
                self._lose(franky.NetworkException('libfranka: UDP receive: Timeout'))

    def _step(self):
        if self.motion is None:
            self.plant.brake(STEP)
        elif self.motion.step(self.plant, STEP):
            self.motion = None
        self.fingers.step(STEP, stuck=False)

    def _lose(self, error):
        self.motion, self.motion_error = None, error

    def reflex(self, name='cartesian_reflex'):
        """Stops with a reflex."""
        with self.lock:
            self.advance()
            self.errors = (name,)
            if self.motion:
                text = f'libfranka: Move command aborted: motion aborted by reflex! ["{name}"]'
                self._lose(franky.ControlException(text))

    def press_stop(self):
        """The stop button."""
        with self.lock:
            self.advance()
            self.user_stop = True
            if self.motion:
                text = 'libfranka: Move command aborted: User Stop pressed!'
                self._lose(franky.ControlException(text))

    def end_motion(self, error=None):
        """Ends what runs, for no reason that anybody could see or with an exception."""
        with self.lock:
            self.advance()
            self._lose(error)

    def go_silent(self):
        self.advance()
        self.silent_since = time.monotonic()

    def speak_again(self):
        self.silent_since = None

    def take(self, motion):
        """A motion arrives; franky looks at the numbers only when the motion is planned."""
        if not np.isfinite(motion.numbers).all():
            self.bad_numbers += 1
            self._lose(RuntimeError('Motion planner failed with error code -100'))
        elif (np.abs(motion.numbers) > motion.most).any():
            self._lose(RuntimeError('Waypoint velocity exceeds maximum velocity'))
        else:
            self.motion = motion
