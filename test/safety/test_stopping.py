# SPDX-License-Identifier: Apache-2.0
"""Each limit is looked at for the whole way to rest: the last point that passes, the first not."""

from dataclasses import replace

import numpy as np
import pytest
from dh_arm import DhKinematics

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3
from frs_ros.safety.in_force import LimitsInForce
from frs_ros.safety.reference import Reference, Situation
from frs_ros.safety.settings import EnvelopeSettings
from frs_ros.safety.stopping import StoppingCheck

DT = 0.01
WIDE = WorkspaceBox(np.full(3, -9.0), np.full(3, 9.0))
LOOSE = EnvelopeSettings(
    tool_speed=9.0,
    tool_rotation=9.0,
    acceleration=2.5,
    share=1.0,
    jump=2.0,
    box=WIDE,
    clearance=None,
)
KINEMATICS = DhKinematics()
WAY = 0.5 * DT + 0.5**2 / (2 * 2.5)  # of a joint with 0.5 rad/s, in one step and then to rest


def broken(settings, q, dq, measured=None, dt=DT):
    """What the check says of one step from `q` with `dq`."""
    limits = LimitsInForce.of(FR3.limits, KINEMATICS, settings)
    check = StoppingCheck(limits)
    place, tool = q if measured is None else measured, KINEMATICS.pose(q)[:3, 3]
    at = Situation(Reference(q, dq), place, tool, dt)
    return check.broken(at, Reference(q + dq * dt, dq))


def joint(i, value):
    return value * np.eye(7)[i]


def test_an_arm_with_room_may_go_on():
    assert broken(LOOSE, FR3.home, joint(6, 0.5)) == ''
    assert broken(LOOSE, FR3.home, np.zeros(7)) == ''


@pytest.mark.parametrize(('room', 'verdict'), [(WAY + 1e-6, ''), (WAY - 1e-6, 'joint_margin')])
def test_margin(room, verdict):
    q = FR3.home.copy()
    q[5] = FR3.limits.high[5] - 0.1 - room
    assert broken(LOOSE, q, joint(5, 0.5)) == verdict
    assert broken(LOOSE, q, joint(5, -0.5)) == ''


@pytest.mark.parametrize(
    ('ahead', 'verdict'), [(0.2 - WAY - 1e-6, ''), (0.2 - WAY + 1e-6, 'jump')]
)
def test_jump(ahead, verdict):
    settings = replace(LOOSE, jump=0.25)
    q = FR3.home + joint(6, ahead)
    assert broken(settings, q, joint(6, 0.5), FR3.home) == verdict
    assert broken(settings, q, joint(6, -0.5), FR3.home) == ''


def test_velocity():
    assert broken(LOOSE, FR3.home, joint(6, 0.51)) == 'velocity'
    near = FR3.home.copy()  # joint 1 is slow at its end: 0.36 rad/s 0.16 rad before it
    near[0] = FR3.limits.high[0] - 0.16
    half = replace(LOOSE, share=0.5)
    assert broken(half, near, joint(0, 0.5)) == 'velocity'
    assert broken(half, near, joint(0, -0.5)) == ''


def test_tool_speed():
    assert broken(replace(LOOSE, tool_rotation=0.51), FR3.home, joint(6, 0.5)) == ''
    assert broken(replace(LOOSE, tool_rotation=0.49), FR3.home, joint(6, 0.5)) == 'tool_speed'
    speed = np.linalg.norm(KINEMATICS.jacobian(FR3.home)[:3, 0]) * 0.5
    assert broken(replace(LOOSE, tool_speed=speed + 1e-3), FR3.home, joint(0, 0.5)) == ''
    assert broken(replace(LOOSE, tool_speed=speed - 1e-3), FR3.home, joint(0, 0.5)) == 'tool_speed'


def test_tool_speed_on_the_way():
    """A tool that is slow now, since two joints cancel, and fast before the arm stands."""
    jacobian = KINEMATICS.jacobian(FR3.home)[:3]
    cancel = np.linalg.svd(jacobian)[2][-2]  # does not move the tool at first
    dq = 0.5 * cancel / np.abs(cancel).max()
    assert np.linalg.norm(jacobian @ dq) < 1e-9
    peak = max(
        np.sqrt(1 - s) * np.linalg.norm(KINEMATICS.jacobian(q)[:3] @ dq)
        for s in np.linspace(0, 1, 50)
        for q in [FR3.home + dq * (DT + s * 0.1)]
    )
    now = np.linalg.norm(KINEMATICS.jacobian(FR3.home + dq * DT)[:3] @ dq)
    assert peak > 1.5 * now > 1e-4
    assert broken(replace(LOOSE, tool_speed=1.1 * peak), FR3.home, dq) == ''
    assert broken(replace(LOOSE, tool_speed=1.2 * now), FR3.home, dq) == 'tool_speed'


def test_workspace():
    down = np.linalg.lstsq(KINEMATICS.jacobian(FR3.home)[:3], [0.0, 0, -0.2], rcond=None)[0]
    stop = float((np.abs(down) / 2.5).max())
    ends = KINEMATICS.pose(FR3.home + down * (DT + stop / 2))[2, 3]
    for gap, verdict in ((0.0015, ''), (0.0005, 'workspace')):  # 1 mm is kept from the face
        low = np.array([-9.0, -9, ends - gap])
        settings = replace(LOOSE, box=WorkspaceBox(low, np.full(3, 9.0)))
        assert broken(settings, FR3.home, down) == verdict
        assert broken(settings, FR3.home, -down) == ''


def test_workspace_in_the_middle_of_a_long_step(rng):
    """A tool below its box that ends the step no lower than it began may not dip in between."""
    dipped = 0
    for _ in range(500):
        middle, dq = FR3.home + rng.normal(0, 0.2, 7), rng.choice([-0.5, 0.5], 7)
        up = KINEMATICS.jacobian(middle)[2]
        dq = dq - up * (up @ dq) / (up @ up)  # level in the middle
        dq = 1.5 * dq / np.abs(dq).max()
        q = middle - 0.05 * dq
        ways = [KINEMATICS.pose(q + dq * t)[2, 3] for t in (0.0, 0.05, 0.1)]
        if ways[2] < ways[0] or ways[0] - ways[1] < 2e-4 or dipped == 5:
            continue
        dipped += 1
        low = np.array([-9.0, -9, ways[2] + 0.2])
        box = WorkspaceBox(low, np.full(3, 9.0))
        quick = replace(LOOSE, joint_speed=2.0, acceleration=9.0, joint_margin=0.0, box=box)
        assert broken(quick, q, dq, dt=0.1) == 'workspace'
    assert dipped == 5
