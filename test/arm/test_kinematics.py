# SPDX-License-Identifier: Apache-2.0
"""Kinematics of both constructors against finite differences, known poses and each other."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip('pinocchio')

from frs_ros.arm.differential_ik import difference
from frs_ros.arm.kinematics import PinocchioKinematics
from frs_ros.arm.models import ARM_MODELS, FR3
from frs_ros.errors import ConfigError, DependencyError

JOINT = """
<link name="{p}link{i}"/>
<joint name="{p}joint{i}" type="{kind}">
  <parent link="{p}link{before}"/><child link="{p}link{i}"/>
  <origin xyz="{x} {y} {z}" rpy="{alpha} 0 0"/><axis xyz="0 0 1"/>
  <limit lower="-3" upper="3" effort="80" velocity="2"/>
</joint>
"""
FINGERS = """
<link name="finger"/>
<joint name="finger_joint" type="prismatic">
  <parent link="fr3_link8"/><child link="finger"/><axis xyz="0 1 0"/>
  <limit lower="0" upper="0.04" effort="80" velocity="2"/>
</joint>
"""
WORLD = """
<link name="world"/>
<joint name="mount" type="fixed">
  <parent link="world"/><child link="fr3_link0"/><origin xyz="1 2 3" rpy="0.1 0.2 0.3"/>
</joint>
"""


def urdf(prefix='', more=''):
    """A description of the FR3 made from its Denavit-Hartenberg parameters."""
    joints = ''
    for i, (a, d, alpha) in enumerate(FR3.dh, start=1):
        joints += JOINT.format(
            p=prefix, i=i, before=i - 1, alpha=alpha, kind='revolute' if i < 8 else 'fixed',
            x=a, y=-d * np.sin(alpha), z=d * np.cos(alpha),
        )  # fmt: skip
    return f'<robot name="arm"><link name="{prefix}link0"/>{joints}{more}</robot>'


KINEMATICS = {
    'fr3': lambda: PinocchioKinematics.of_model(ARM_MODELS['fr3']),
    'panda': lambda: PinocchioKinematics.of_model(ARM_MODELS['panda']),
    'urdf': lambda: PinocchioKinematics.from_urdf(urdf()),
    'urdf_in_world': lambda: PinocchioKinematics.from_urdf(urdf('fr3_', WORLD + FINGERS)),
}


@pytest.fixture(params=KINEMATICS, scope='module')
def kinematics(request):
    return KINEMATICS[request.param]()


def random_joints(n, seed=0):
    return np.random.default_rng(seed).uniform(FR3.limits.low, FR3.limits.high, (n, 7))


def test_known_poses(kinematics):
    pose = kinematics.pose(np.array([0, 0, 0, -1.57, 0, 1.57, 0.785]))
    # O_T_EE that franky-sim 1.0.4 reports there with its hand
    np.testing.assert_allclose(pose[:3, 3], [0.554434, 0, 0.521406], atol=1e-6)
    np.testing.assert_allclose(pose[:3, :3], np.diag([1, -1, -1]), atol=1e-3)
    # Stretched upwards: the lengths of all links; the flange looks down, the hand below it
    np.testing.assert_allclose(
        kinematics.pose(np.zeros(7))[:3, 3],
        [0.088, 0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034],
        atol=1e-12,
    )


def test_pose_is_a_rigid_motion(kinematics):
    for q in random_joints(5):
        pose = kinematics.pose(q)
        np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
        np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])


def test_jacobian_against_finite_differences(kinematics):
    step = 1e-6
    for q in random_joints(20, seed=1):
        columns = [
            difference(kinematics.pose(q - step * e), kinematics.pose(q + step * e)) / (2 * step)
            for e in np.eye(7)
        ]
        np.testing.assert_allclose(kinematics.jacobian(q), np.array(columns).T, atol=1e-8)


def test_parameters_and_description_agree():
    by_parameters = KINEMATICS['fr3']()
    for name in ('urdf', 'urdf_in_world'):
        by_description = KINEMATICS[name]()
        for q in random_joints(10, seed=2):
            np.testing.assert_allclose(by_description.pose(q), by_parameters.pose(q), atol=1e-12)
            np.testing.assert_allclose(
                by_description.jacobian(q), by_parameters.jacobian(q), atol=1e-12
            )


def test_agrees_with_the_description_of_the_simulated_robot():
    simulated = pytest.importorskip('franky_sim.urdf').FR3_URDF
    by_description = PinocchioKinematics.from_urdf(simulated)
    for q in random_joints(10, seed=3):
        np.testing.assert_allclose(by_description.pose(q), KINEMATICS['fr3']().pose(q), atol=1e-9)


def test_another_tool():
    flange = PinocchioKinematics.from_urdf(urdf(), tool=np.eye(4))
    q = random_joints(1)[0]
    np.testing.assert_allclose(flange.pose(q) @ FR3.tool, KINEMATICS['urdf']().pose(q), atol=1e-12)


def test_is_safe_to_share_between_threads(kinematics):
    joints = random_joints(200, seed=4)
    alone = [(kinematics.pose(q), kinematics.jacobian(q)) for q in joints]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda q: (kinematics.pose(q), kinematics.jacobian(q)), joints))
    for (pose, jacobian), (pose_alone, jacobian_alone) in zip(together, alone):
        np.testing.assert_array_equal(pose, pose_alone)
        np.testing.assert_array_equal(jacobian, jacobian_alone)


@pytest.mark.parametrize('q', [np.zeros(6), np.zeros((1, 7)), np.full(7, np.nan)])
def test_bad_joints_are_refused(kinematics, q):
    for method in (kinematics.pose, kinematics.jacobian):
        with pytest.raises(ValueError, match='7 finite'):
            method(q)


@pytest.mark.parametrize(
    ('xml', 'complaint'),
    [
        ('', 'no URDF'),
        ('nonsense', 'no URDF'),
        ('<robot name="a"><link name="box"/></robot>', r"0 links 'link8'; links: box"),
        ('<robot name="a"><link name="link8"/></robot>', '0 arm joints, not 7'),
    ],
)
def test_bad_descriptions_are_refused(xml, complaint):
    with pytest.raises(ConfigError, match=complaint):
        PinocchioKinematics.from_urdf(xml)


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pinocchio', None)
    with pytest.raises(DependencyError, match=r'pip install pin.*ROS'):
        PinocchioKinematics.of_model(FR3)
