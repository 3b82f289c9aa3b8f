# SPDX-License-Identifier: Apache-2.0
"""The limits of the tool: speed and workspace."""

import itertools

import numpy as np
import pytest
from cases import CASES
from dh_arm import DhKinematics

from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3
from frs_ros.safety.tool_speed import ToolSpeedLimit
from frs_ros.safety.workspace import SKIN, WorkspaceLimit

SPEED = ToolSpeedLimit(0.25, 0.6)
BOX = WorkspaceBox(np.array([0.2, -0.4, 0.01]), np.array([0.7, 0.4, 0.8]))
WORKSPACE = WorkspaceLimit(BOX, 0.25)
FREE = np.ones(7, dtype=bool)


def test_the_tool_is_never_too_fast_and_keeps_its_direction(rng):
    for _ in range(CASES['tool_speed'] // 2):
        jacobian = rng.normal(size=(6, 7)) * 10 ** rng.uniform(-3, 1)
        dq = rng.normal(size=7) * 10 ** rng.uniform(-3, 2)
        out = SPEED.scale(dq, jacobian)
        twist = jacobian @ out
        assert np.linalg.norm(twist[:3]) <= 0.25 + 1e-9
        assert np.linalg.norm(twist[3:]) <= 0.6 + 1e-9
        assert SPEED.holds(out, jacobian)
        np.testing.assert_allclose(out / np.linalg.norm(out), dq / np.linalg.norm(dq))
        before = jacobian @ dq
        fine = np.linalg.norm(before[:3]) <= 0.25 and np.linalg.norm(before[3:]) <= 0.6
        assert SPEED.holds(dq, jacobian) == fine
        if fine:
            assert out is dq


def test_the_speed_along_poses_is_that_of_the_jacobian(rng):
    kinematics = DhKinematics()
    seen = {True: 0, False: 0}
    for _ in range(CASES['tool_speed'] // 2):
        q = FR3.home + rng.normal(0, 0.3, 7)
        dq = rng.normal(size=7) * rng.choice([0.02, 0.1, 0.3])
        twist = kinematics.jacobian(q) @ dq
        excess = max(np.linalg.norm(twist[:3]) / 0.25, np.linalg.norm(twist[3:]) / 0.6)
        poses = np.array([kinematics.pose(q + dq * t) for t in (-0.005, 0.005)])
        if abs(excess - 1) > 1e-3:
            assert SPEED.holds_along(poses, np.array([0.01])) == (excess < 1)
            seen[bool(excess < 1)] += 1
    assert min(seen.values()) > 100


def tool(rng):
    """[3]: inside, in the band, close to a face or outside."""
    position = rng.uniform(BOX.low - 0.05, BOX.high + 0.05)
    axis = rng.integers(3)
    face = (BOX.low, BOX.high)[rng.integers(2)][axis]
    position[axis] = face + rng.choice([0.001, 0.01, 0.05]) * rng.normal()
    return position


def test_nothing_leads_outward_faster_than_the_soft_band_allows(rng):
    turned = 0
    for _ in range(CASES['workspace'] // 2):
        position, jacobian = tool(rng), rng.normal(size=(6, 7)) * 0.4
        dq = rng.normal(size=7) * rng.choice([0.05, 0.3])
        before = jacobian[:3] @ dq
        out = WORKSPACE.turn(position, dq, jacobian, FREE, 0.2)
        after = jacobian[:3] @ out
        for room, velocity in ((BOX.high - position, after), (position - BOX.low, -after)):
            # Never faster than the distance to the face over the soft band, none at the face
            assert (velocity <= np.maximum(0.25 * room / BOX.soft, 0) + 1e-4).all()
        changed = np.abs(after - before) > 1e-3
        turned += bool(changed.any())
        depth = np.minimum(BOX.high - position, position - BOX.low)
        inward = (position - (BOX.low + BOX.high) / 2) * before < 0
        slow = np.abs(before) <= 0.25
        free = slow & (inward | (depth > BOX.soft)) & (depth > 0.003) & (depth.min() > 0.003)
        assert not (changed & free).any(), 'only the outward component changes'
    assert turned > 1000


def test_joints_that_are_held_are_not_used(rng):
    for _ in range(200):
        position, jacobian = tool(rng), rng.normal(size=(6, 7)) * 0.4
        dq, free = rng.normal(size=7), rng.random(7) < 0.7
        out = WORKSPACE.turn(position, dq, jacobian, free, 0.2)
        np.testing.assert_array_equal(out[~free], dq[~free])


def test_a_tool_at_rest_is_not_set_in_motion():
    jacobian = DhKinematics().jacobian(FR3.home)
    for height in (-0.5, 0.0, 0.01, 0.0105, 0.4):
        dq = np.zeros(7)
        out = WORKSPACE.turn(np.array([0.4, 0.0, height]), dq, jacobian, FREE, 0.0)
        assert not out.any()


def test_paths_may_not_lead_out_nor_farther_out(rng):
    low, high = BOX.low + SKIN, BOX.high - SKIN
    seen = {True: 0, False: 0}
    for _ in range(CASES['workspace'] // 2):
        steps = rng.normal(0, 0.002, (4, 3)) + rng.normal(0, 0.01, 3)
        path = tool(rng) + np.cumsum(np.vstack([np.zeros(3), steps]), axis=0)
        fine = True
        for a, b in itertools.pairwise(path):
            for i in range(3):
                out = [max(low[i] - p[i], p[i] - high[i], 0) for p in (a, b)]
                fine &= out[1] <= out[0]
        assert WORKSPACE.holds_along(path) == fine
        seen[bool(fine)] += 1
    assert min(seen.values()) > 100


def test_the_soft_band_is_linear():
    jacobian = np.eye(6, 7)
    dq = np.array([0, 0, -1.0, 0, 0, 0, 0])
    for height, speed in ((0.013 + 0.04, 0.2), (0.013 + 0.02, 0.1), (0.013, 0.0)):
        out = WORKSPACE.turn(np.array([0.4, 0.0, height]), dq, jacobian, FREE, 0.0)
        assert out[2] == pytest.approx(-speed, abs=1e-6)
