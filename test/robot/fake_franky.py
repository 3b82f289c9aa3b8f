# SPDX-License-Identifier: Apache-2.0
"""Something like the module franky, without a network: the real exception classes and the
behaviour that was measured with franky 2.0.0, with faults on demand.

`FakeFranky().arm` is the robot's side: there the faults are made.
"""

from __future__ import annotations

import time
from types import SimpleNamespace

import franky
import numpy as np
from fake_arm import (
    UDP_TIMEOUT,
    FakeArm,
    JointImpedanceTrackingMotion,
    JointVelocityMotion,
    JointVelocityStopMotion,
    TorqueStopMotion,
)

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3

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
