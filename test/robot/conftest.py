# SPDX-License-Identifier: Apache-2.0
"""The drivers under contract, each with its robot."""

from __future__ import annotations

import os

import driver_rigs
import pytest
from fault_table import fault_rows

from frs_ros.robot.topics.transport import COMMANDS

ADDRESS = 'FRS_ROS_ROBOT'  # of a real arm, which the contract then moves
TOPICS = [f'topics {command}' for command in COMMANDS]  # of its controller
KINDS = ['kinematic', 'fake', *TOPICS, 'simulated', *(['real'] if ADDRESS in os.environ else [])]


@pytest.fixture(scope='module')
def simulated_arm():
    """A simulated arm as a process; it takes a processor core while it runs."""
    pytest.importorskip('franky_sim')
    process = driver_rigs.SimulatedArm()
    yield process
    process.kill()


@pytest.fixture(scope='module', params=KINDS)
def kind(request):
    """Which driver."""
    return request.param


@pytest.fixture
def unconnected(kind, request):
    """A rig whose driver is not connected."""
    if kind == 'kinematic':
        rig = driver_rigs.KinematicRig()
    elif kind == 'fake':
        rig = driver_rigs.FakeRig()
    elif kind in TOPICS:
        rig = driver_rigs.TopicsRig(kind.split()[1])
    elif kind == 'simulated':
        process = request.getfixturevalue('simulated_arm')
        process.start()
        rig = driver_rigs.SimulatedRig(process)
    else:
        rig = driver_rigs.RealRig(os.environ[ADDRESS])
    yield rig
    rig.close()


@pytest.fixture
def rig(unconnected):
    """A rig whose driver is connected."""
    unconnected.driver.connect(5.0)
    return unconnected


@pytest.fixture
def row(repository, request):
    """The row of the table that names this test."""
    rows = fault_rows(repository.root / 'docs' / 'safety.md')
    (found,) = [r for r in rows if request.node.originalname in r.tests]
    return found
