# SPDX-License-Identifier: Apache-2.0
"""Connecting to a Franka arm: time limit, errors with their fix, limits."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from frs_ros.arm.models import FR3, PANDA
from frs_ros.errors import DependencyError
from frs_ros.robot.base import FaultKind, RobotError
from frs_ros.robot.franky.bounded import within
from frs_ros.robot.franky.connect import Options, connect, described, load_franky
from frs_ros.robot.franky.limits import apply_limits

franky = pytest.importorskip('franky')
from fake_franky import SHIPPED, FakeFranky  # noqa: E402

ROBOT = Options('172.16.0.2')


def failure(fake, options=ROBOT, timeout=1.0):
    with pytest.raises(RobotError) as caught:
        connect(fake, options, timeout)
    return caught.value.fault


def test_connects_with_the_thresholds():
    fake = FakeFranky()
    connection = connect(fake, Options('172.16.0.2', torque_threshold=12, force_threshold=34), 1.0)
    options = connection.robot.options
    assert options['default_torque_threshold'] == 12
    assert options['default_force_threshold'] == 34
    assert options['realtime_config'] == franky.RealtimeConfig.Enforce
    assert (connection.gripper_width, connection.gripper_line) == (0.08, '')


def test_without_a_real_time_kernel_only_if_allowed():
    fake = FakeFranky()
    fake.realtime = False
    assert failure(fake).kind is FaultKind.REALTIME
    connect(fake, Options('172.16.0.2', allow_non_realtime=True), 1.0)


def test_versions_that_do_not_match():
    fake = FakeFranky()
    fake.connect_error = franky.IncompatibleVersionException(
        'libfranka: Incompatible library version (server version: 7, library version: 10).'
    )
    fault = failure(fake)
    assert fault.kind is FaultKind.VERSION
    assert 'by-robot-server-version/7' in fault.text


def test_attempt_that_comes_too_late_is_dropped():
    fake = FakeFranky()
    first = connect(fake, ROBOT, 1.0)
    begin = time.monotonic()
    assert failure(fake, timeout=0.2).kind is FaultKind.CONNECTION
    assert time.monotonic() - begin < 1.0
    del first  # lets the late one in, which nobody waits for
    assert connect(fake, ROBOT, 2.0).robot is not None


def test_missing_gripper_is_a_line():
    fake = FakeFranky()
    fake.gripper_missing = True
    connection = connect(fake, ROBOT, 1.0)
    assert connection.gripper is None
    assert connection.gripper_width == 0.0
    assert connection.gripper_line == 'no gripper: Connection refused'
    fake = FakeFranky()
    assert connect(fake, Options('172.16.0.2', with_gripper=False), 1.0).gripper_line == ''


@pytest.mark.parametrize(
    ('urdf', 'model'),
    [
        ('<?xml version="1.0" ?>\n<robot name="fr3">', 'fr3'),
        ('<robot version="1" name="panda_arm">', 'panda'),
        ('<robot name="fer">', 'panda'),
        ('<robot name="tmr">', ''),
        ('', ''),
    ],
)
def test_model_by_description(urdf, model):
    assert described(urdf) == model


def test_missing_library(monkeypatch):
    monkeypatch.setitem(sys.modules, 'franky', None)
    with pytest.raises(DependencyError, match='pip install franky-control'):
        load_franky()


def test_within_raises_what_the_call_raises():
    with pytest.raises(KeyError):
        within(1.0, lambda: {}['x'])


def test_within_gives_late_results_away():
    go, given = threading.Event(), threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, go.wait, late=lambda result: given.set())
    go.set()
    assert given.wait(2.0)


@pytest.mark.parametrize('model', [FR3, PANDA])
def test_all_limits_are_below_the_table_and_what_franky_allows(model):
    robot = connect(FakeFranky(), ROBOT, 1.0).robot
    limits = apply_limits(robot, model)
    for name, most in SHIPPED.items():
        limit = getattr(robot, f'{name}_limit').get()
        assert (np.asarray(limit) <= most).all(), name
        assert (np.asarray(limit) > 0).all(), name
    for name in ('velocity', 'acceleration', 'jerk'):
        in_force = getattr(limits, name)
        assert (in_force <= getattr(model.limits, name)).all()
        np.testing.assert_array_equal(in_force, getattr(robot, f'joint_{name}_limit').get())


def test_fr3_never_gets_the_panda_s_accelerations():
    robot = connect(FakeFranky(), ROBOT, 1.0).robot
    apply_limits(robot, FR3)
    assert (robot.joint_acceleration_limit.get() < 10).all()
    assert robot.translation_acceleration_limit.get() < 9.0
    assert robot.translation_jerk_limit.get() < 4500.0
    assert robot.rotation_acceleration_limit.get() < 17.0
    assert robot.rotation_jerk_limit.get() < 8500.0


def test_limits_of_a_franky_without_the_swap():
    """With higher maxima the table decides."""
    names = [f'{name}_limit' for name in SHIPPED]
    robot = SimpleNamespace(**{name: Wide() for name in names})
    limits = apply_limits(robot, FR3)
    np.testing.assert_allclose(limits.velocity, 0.95 * FR3.limits.velocity)
    assert robot.translation_velocity_limit.value == pytest.approx(0.95 * 3.0)


class Wide:
    max = 1e6

    def set(self, value):
        self.value = value
