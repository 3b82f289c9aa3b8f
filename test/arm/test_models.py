# SPDX-License-Identifier: Apache-2.0
"""The tables of the arms, against the numbers other sources give."""

import numpy as np
import pytest

from frs_ros.arm.models import ARM_MODELS, FR3, arm_model
from frs_ros.errors import ConfigError

# Numbers of an FR3's own description: the URDF that franky-sim 1.0.4 serves as `robot.model_urdf`.
# lower, upper, velocity, velocity_offset, deceleration_limit of joint 1 .. 7
FR3_URDF = np.array(
    [
        [-2.9007, 2.9007, 2.62, 0.652, 6.0],
        [-1.8361, 1.8361, 2.62, 0.25, 2.585],
        [-2.9007, 2.9007, 2.62, 0.2005, 3.5],
        [-3.077, -0.1169, 2.62, 0.3542, 4.0],
        [-2.8763, 2.8763, 5.26, 0.5738, 17.0],
        [0.4398, 4.6216, 4.18, 0.4885, 5.5],
        [-3.0508, 3.0508, 5.26, 0.4592, 17.0],
    ]
)


@pytest.fixture(params=ARM_MODELS.values(), ids=lambda model: model.name)
def model(request):
    return request.param


def upper(low, high, velocity, offset, deceleration, q):
    """libfranka, joint_velocity_limits.cpp."""
    del low
    room = np.sqrt(np.maximum(0, 2 * deceleration * (high - q)))
    return np.minimum(velocity, np.maximum(0, room - offset))


def table(limits):
    return (
        limits.low,
        limits.high,
        limits.velocity,
        limits.velocity_offset,
        limits.deceleration,
    )


def test_names():
    assert arm_model('fr3') is FR3
    with pytest.raises(ConfigError, match=r"unknown robot 'ur5'.*fr3, panda"):
        arm_model('ur5')


def test_tables_are_complete_and_cannot_be_changed(model):
    for values in vars(model.limits).values():
        assert values.shape == (7,)
    for values in (model.limits.low, model.limits.jerk, model.home, model.dh, model.tool):
        assert np.isfinite(values).all()
        with pytest.raises(ValueError, match='read-only'):
            values[0] = 0
    assert (model.limits.low < model.limits.high).all()
    assert (model.limits.velocity_offset >= 0).all()


def test_home_is_well_within_the_limits(model):
    margin = np.minimum(model.home - model.limits.low, model.limits.high - model.home)
    assert margin.min() > 0.2


def test_fr3_is_never_more_permissive_than_its_urdf():
    low, high, velocity, offset, deceleration = FR3_URDF.T
    assert (FR3.limits.low >= low).all()
    assert (FR3.limits.high <= high).all()
    assert (FR3.limits.velocity <= velocity).all()
    assert (FR3.limits.velocity_offset >= offset).all()
    assert (FR3.limits.deceleration <= deceleration).all()
    for q in np.linspace(low, high, 200):
        assert (upper(*table(FR3.limits), q) <= upper(*FR3_URDF.T, q)).all()


def test_fr3_keeps_within_the_older_velocity_limits():
    """Those of libfranka's rate_limiting.h, for robot systems before 5.9."""
    offset = np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35])
    twice = np.array([12.0, 5.17, 7.00, 8.00, 34.0, 11.0, 34.0])
    high = np.array([2.75010, 1.79180, 2.90650, -0.1458, 2.81010, 4.52050, 3.01960])
    for q in np.linspace(FR3.limits.low, FR3.limits.high, 200):
        older = upper(None, high, FR3.limits.velocity, offset, twice / 2, q)
        assert (upper(*table(FR3.limits), q) <= older).all()
