# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from frs_ros.errors import ConfigError
from frs_ros.messages.guidance import Gripper, Guidance


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('direction', [0, np.nan, 0]),
        ('direction', [np.inf, 0, 0]),
        ('direction', [1, 0]),
        ('rotation', [0, 0, -np.inf]),
        ('rotation', [1, 1, 0]),
        ('magnitude', -0.1),
        ('magnitude', 1.5),
        ('magnitude', float('nan')),
        ('gripper', 3),
    ],
)
def test_wishes_that_cannot_be_meant_cannot_be_made(field, value):
    with pytest.raises(ConfigError, match=f'guidance {field}'):
        Guidance(**{field: value})


def test_vectors_are_copied_and_frozen():
    direction = np.array([1.0, 0, 0])
    guidance = Guidance(direction=direction)
    direction[0] = np.nan
    assert guidance.direction[0] == 1
    with pytest.raises(ValueError, match='read-only'):
        guidance.direction[0] = 2


@pytest.mark.parametrize(
    ('active', 'wish'),
    [
        (False, {}),
        (True, {'direction': [0, 0, -1]}),
        (True, {'rotation': [0, 0, 0.5]}),
        (True, {'gripper': Gripper.OPEN}),
        (False, {'direction': [0, 0, -1], 'defer': True}),
        (False, {'gripper': Gripper.CLOSE, 'enabled': False}),
    ],
)
def test_active(active, wish):
    assert Guidance(**wish).active is active


def test_message_values_become_the_enum():
    assert Guidance(gripper=2).gripper is Gripper.CLOSE
