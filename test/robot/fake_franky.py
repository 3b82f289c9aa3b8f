# SPDX-License-Identifier: Apache-2.0
"""Something like the module franky, without a network: the real exception classes and the
behaviour that was measured with franky 2.0.0, with faults on demand.

`FakeFranky().arm` is the robot's side: there the faults are made.
"""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import franky
import numpy as np

from frs_ros.robot.kinematics import PinocchioKinematics
from frs_ros.robot.models import FR3
from frs_ros.robot.plant import GripperPlant, JointPlant

STEP = 0.002
UDP_TIMEOUT = 1.0  # s, of libfranka
ERRORS = tuple(name for name in dir(franky.Errors) if not name.startswith('_'))
KINEMATICS = PinocchioKinematics.of_model(FR3)
# In franky 2.0.0 for libfranka >= 0.10, which is for the FR3: values of the Panda.
SHIPPED = {
    'joint_velocity': [2.175] * 4 + [2.61] * 3,
    'joint_acceleration': [15, 7.5, 10, 12.5, 15, 20, 20],
    'joint_jerk': [7500, 3750, 5000, 6250, 7500, 10000, 10000],
    'translation_velocity': 1.7,
    'translation_acceleration': 13.0,
    'translation_jerk': 6500.0,
    'rotation_velocity': 2.5,
    'rotation_acceleration': 25.0,
    'rotation_jerk': 12500.0,
    'elbow_velocity': 2.175,
    'elbow_acceleration': 10.0,
    'elbow_jerk': 5000.0,
}


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


class Limit:
    def __init__(self, value, arm):
        self.max = np.array(value) if np.ndim(value) else value
        self._value = self.max
        self._arm = arm

    def set(self, value):
        if self._arm.motion is not None:
            raise RuntimeError('Cannot set the limit while in control')
        if (np.asarray(value) > self.max).any():
            raise RuntimeError('Value exceeds the maximum of the limit')
        self._value = value

    def get(self):
        return self._value


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


class FakeRobot:
    """As franky.Robot, of the arm that `FakeFranky` has."""

    def __init__(self, fake, address, **options):
        self._connected = False
        if fake.connect_error is not None:
            raise fake.connect_error
        ignore = options['realtime_config'] == franky.RealtimeConfig.Ignore
        if not fake.realtime and not ignore:
            raise franky.RealtimeException(
                'libfranka: Running kernel does not have realtime capabilities.'
            )
        if fake.arm.silent_since is not None:
            raise franky.NetworkException('libfranka: Connection timeout.')
        fake.arm.clients.acquire()  # for ever if another client is connected
        self._connected = True
        self._arm = fake.arm
        self.options = options
        self.model_urdf = '<robot/>'
        self._lost = False
        self._seen = self._appearance()
        for name, value in SHIPPED.items():
            setattr(self, f'{name}_limit', Limit(value, self._arm))

    def __del__(self):
        if self._connected:
            self._arm.clients.release()

    @property
    def is_in_control(self):
        self._arm.advance()
        return self._arm.motion is not None

    @property
    def state(self):
        arm = self._arm
        with arm.lock:
            arm.advance()
            silent = arm.silent_since is not None
            if not silent or arm.motion is not None:
                if not silent:
                    self._seen = self._appearance()
                return self._seen
        if self._lost:
            raise RuntimeError('Net Exception')
        time.sleep(UDP_TIMEOUT)
        self._lost = True
        raise franky.NetworkException('libfranka: UDP receive: Timeout')

    def _appearance(self):
        arm = self._arm
        mode = 'Reflex' if arm.errors else 'Idle' if arm.motion is None else 'Move'
        mode = 'UserStopped' if arm.user_stop else mode
        stamp = arm.time
        return SimpleNamespace(
            time=SimpleNamespace(to_sec=lambda: stamp),
            q=arm.plant.q,
            dq=arm.plant.dq,
            O_T_EE=SimpleNamespace(matrix=KINEMATICS.pose(arm.plant.q)),
            F_T_EE=SimpleNamespace(matrix=FR3.tool),
            tau_ext_hat_filtered=np.zeros(7),
            O_F_ext_hat_K=np.zeros(6),
            robot_mode=getattr(franky.RobotMode, mode),
            current_errors=SimpleNamespace(**{name: name in arm.errors for name in ERRORS}),
            control_command_success_rate=1.0,
        )

    def move(self, motion, asynchronous=False):
        assert asynchronous, 'a call that waits for the motion'
        arm = self._arm
        with arm.lock:
            if motion.started:
                raise franky.MotionReuseException('Motions cannot be reused')
            if self.is_in_control and arm.motion.kind != motion.kind:
                raise franky.InvalidMotionTypeException(
                    'The type of motion cannot change during runtime.'
                )
            if not self.is_in_control:
                self._raise_once()
                if arm.errors or arm.user_stop:
                    text = 'libfranka: Move command rejected: not possible in the current mode'
                    arm.motion_error = franky.CommandException(text)
                    return
            motion.started = True
            arm.take(motion)

    def poll_motion(self):
        self._arm.advance()
        self._raise_once()
        return self._arm.motion is None

    def join_motion(self, timeout=None):
        end = time.monotonic() + (timeout or 1e9)
        while self.is_in_control and time.monotonic() < end:
            time.sleep(0.002)
        self._raise_once()
        return not self.is_in_control

    def stop(self):
        if self._lost:
            raise franky.NetworkException('libfranka: TCP send bytes: I/O error')
        with self._arm.lock:
            if self.is_in_control:
                text = 'libfranka: Move command preempted!'
                self._arm._lose(franky.ControlException(text))

    def recover_from_errors(self):
        if self._arm.recoverable:
            self._arm.errors = ()
        return not self._arm.errors

    def _raise_once(self):
        error, self._arm.motion_error = self._arm.motion_error, None
        if isinstance(error, franky.NetworkException):
            self._lost = True
        if error is None:
            return
        try:
            raise error
        finally:
            del error  # in whose traceback is this frame, and in that the robot


class FakeGripper:
    """As franky.Gripper; its commands return when the fingers have arrived."""

    def __init__(self, fake, address):
        if fake.gripper_missing:
            raise franky.NetworkException('libfranka: Connection refused')
        self._arm = fake.arm
        self.max_width = 0.08

    @property
    def width(self):
        self._arm.advance()
        return self._arm.fingers.width

    def grasp(self, width, speed, force, epsilon_inner=0.005, epsilon_outer=0.005):
        return self._go('close', closed=True)

    def move(self, width, speed):
        return self._go('open', closed=False)

    def _go(self, name, closed):
        self._arm.gripper_commands.append(name)
        if self._arm.gripper_error is not None:
            raise self._arm.gripper_error
        self._arm.gripper_free.wait()
        self._arm.fingers.go(closed)
        goal = 0.0 if closed else 0.08
        while abs(self.width - goal) > 1e-6:
            time.sleep(0.005)
        return True


class FakeFranky:
    """The module.

    Attributes:
        arm: The robot that every connection leads to.
        connect_error: Raised by the constructor of a robot.
        realtime: Whether the kernel is a real-time one.
        gripper_missing: Whether there is no hand.
    """

    def __init__(self):
        self.arm = FakeArm()
        self.connect_error: Exception | None = None
        self.realtime = True
        self.gripper_missing = False
        self.JointImpedanceTrackingMotion = JointImpedanceTrackingMotion
        self.JointVelocityMotion = JointVelocityMotion
        self.JointVelocityStopMotion = JointVelocityStopMotion
        self.TorqueStopMotion = TorqueStopMotion
        self.JointReference = SimpleNamespace

    def Robot(self, address, **options):
        return FakeRobot(self, address, **options)

    def Gripper(self, address):
        return FakeGripper(self, address)

    def __getattr__(self, name):
        """Exceptions, enums and durations are the real ones."""
        return getattr(franky, name)
