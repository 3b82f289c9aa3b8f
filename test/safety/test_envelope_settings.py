# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from dh_arm import DhKinematics

from frs_ros.arm.clearance import Block, Clearance
from frs_ros.arm.limits import WorkspaceBox
from frs_ros.arm.models import FR3
from frs_ros.errors import ConfigError
from frs_ros.safety.settings import EnvelopeSettings

LOW, HIGH = np.array([0.2, -0.4, 0.0]), np.array([0.7, 0.4, 0.8])


@pytest.mark.parametrize(
    'name',
    [
        'joint_speed',
        'tool_speed',
        'tool_rotation',
        'acceleration',
        'share',
        'jump',
        'joint_margin',
    ],
)
@pytest.mark.parametrize('value', [-0.1, float('nan'), float('inf'), float('-inf')])
def test_numbers_that_cannot_be_meant_are_named(name, value):
    with pytest.raises(ConfigError, match=f'safety setting {name}'):
        EnvelopeSettings(**{name: value})


@pytest.mark.parametrize('name', ['joint_speed', 'acceleration', 'share', 'jump'])
def test_zero_would_be_no_motion_at_all(name):
    with pytest.raises(ConfigError, match=f'safety setting {name}'):
        EnvelopeSettings(**{name: 0.0})


def test_more_than_the_model_can_is_no_setting():
    with pytest.raises(ConfigError, match='share must be in'):
        EnvelopeSettings(share=1.01)


@pytest.mark.parametrize(
    ('box', 'line'),
    [
        (WorkspaceBox(HIGH, LOW), 'leaves no room'),
        (WorkspaceBox(LOW, LOW + 0.09), 'leaves no room'),
        (WorkspaceBox(LOW, HIGH * np.nan), 'must be finite'),
        (WorkspaceBox(LOW - np.inf, HIGH), 'must be finite'),
        (WorkspaceBox(LOW[:2], HIGH[:2]), '3 low and 3 high'),
        (WorkspaceBox(LOW, HIGH, soft=0.0), 'soft band'),
        (WorkspaceBox(LOW, HIGH, soft=float('nan')), 'soft band'),
    ],
)
def test_boxes_that_cannot_be_meant_are_refused(box, line):
    with pytest.raises(ConfigError, match=line):
        EnvelopeSettings(box=box)


@pytest.mark.parametrize(
    ('setting', 'line'),
    [
        ({'floor': float('nan')}, r'clearance\.floor is nan m'),
        ({'floor': -11.0}, r'within \[-10, 10\]'),
        ({'links': -0.001}, r'clearance\.links is -0\.001 m'),
        ({'fingers': -0.2}, r'clearance\.fingers is -0\.2 m'),
        ({'between': float('inf')}, r'clearance\.between is inf m'),
        ({'boxes': {'bin': Block(HIGH, LOW)}}, r'clearance\.boxes\.bin: each low must be below'),
        ({'boxes': {'bin': Block(LOW, HIGH * np.nan)}}, r'boxes\.bin must be within 10 m'),
        ({'parts': {'camera': Block(LOW[:2], HIGH)}}, r'parts\.camera needs 3 low'),
        ({'boxes': {str(i): Block(LOW, HIGH) for i in range(17)}}, '17 entries, more than 16'),
    ],
)
def test_clearances_that_cannot_be_meant_are_refused(setting, line):
    with pytest.raises(ConfigError, match=line):
        Clearance(**setting)


def test_the_arm_starts_within_the_box_of_the_lab():
    box = EnvelopeSettings().box
    tool = DhKinematics().pose(FR3.home)[:3, 3]
    assert (tool > box.low + box.soft).all()
    assert (tool < box.high - box.soft).all()
