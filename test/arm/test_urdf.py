# SPDX-License-Identifier: Apache-2.0
"""The description that RViz and TF are given is that of the arm we compute with."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import FR3, PANDA
from frs_ros.arm.urdf import arm_urdf

pinocchio = pytest.importorskip('pinocchio')
ARMS = pytest.mark.parametrize('arm', [FR3, PANDA], ids=lambda arm: arm.name)


@ARMS
def test_the_tool_is_where_our_kinematics_have_it(arm):
    model = pinocchio.buildModelFromXML(arm_urdf(arm))
    data, ours = model.createData(), PinocchioKinematics.of_model(arm)
    tool = model.getFrameId(f'{arm.name}_hand_tcp')
    rng = np.random.default_rng(3)
    for _ in range(20):
        q = rng.uniform(arm.limits.low, arm.limits.high)
        pinocchio.framesForwardKinematics(model, data, np.append(q, [0.02, 0.02]))
        np.testing.assert_allclose(data.oMf[tool].homogeneous, ours.pose(q), atol=1e-8)


@ARMS
def test_our_own_reader_takes_it(arm):
    theirs = PinocchioKinematics.from_urdf(arm_urdf(arm))
    ours = PinocchioKinematics.of_model(arm)
    np.testing.assert_allclose(theirs.pose(arm.home), ours.pose(arm.home), atol=1e-8)


@ARMS
def test_joints_are_named_and_limited_as_in_joint_states(arm):
    robot = ElementTree.fromstring(arm_urdf(arm))
    moving = [j for j in robot.iter('joint') if j.get('type') in ('revolute', 'prismatic')]
    names = [f'{arm.name}_joint{i + 1}' for i in range(7)]
    assert [j.get('name') for j in moving[:7]] == names
    assert {j.get('name') for j in moving[7:]} == {
        f'{arm.name}_finger_joint1',
        f'{arm.name}_finger_joint2',
    }
    low = [float(j.find('limit').get('lower')) for j in moving[:7]]
    np.testing.assert_allclose(low, arm.limits.low)


def test_fingers_open_by_their_travel():
    model = pinocchio.buildModelFromXML(arm_urdf(FR3))
    data = model.createData()
    pinocchio.framesForwardKinematics(model, data, np.append(FR3.home, [0.04, 0.04]))
    left, right = (model.getFrameId(f'fr3_{side}finger') for side in ('left', 'right'))
    gap = np.linalg.norm(data.oMf[left].translation - data.oMf[right].translation)
    assert gap == pytest.approx(0.08)


def test_every_link_that_is_drawn_has_a_shape_and_one_line_holds_it_all():
    text = arm_urdf(PANDA)
    assert '\n' not in text
    assert len(text) < 20_000  # it travels on a command line
    for visual in ElementTree.fromstring(text).iter('visual'):
        assert len(visual.find('geometry')) == 1
