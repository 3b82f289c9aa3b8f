# SPDX-License-Identifier: Apache-2.0
"""Drivers by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.robot.kinematic import KinematicDriver
from frs_ros.robot.registry import make_driver


def test_names():
    driver = make_driver('kinematic', model=FR3)
    assert isinstance(driver, KinematicDriver)
    assert driver.connect(1.0).simulated
    with pytest.raises(ConfigError, match='franky, kinematic, topics'):
        make_driver('ur5', model=FR3)


def test_franky_is_loaded_by_connect_only():
    code = (
        'import sys; from frs_ros.robot.registry import make_driver; '
        'from frs_ros.arm.models import FR3; '
        'make_driver("franky", model=FR3, address="172.16.0.2"); '
        'sys.exit("franky" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code], timeout=60).returncode == 0


def test_franky_needs_an_address():
    with pytest.raises(ConfigError, match=r'address:=172\.16\.0\.2'):
        make_driver('franky', model=FR3)
