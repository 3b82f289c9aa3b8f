# SPDX-License-Identifier: Apache-2.0
import pytest

from frs_ros.errors import ConfigError
from frs_ros.guidance.operator.joystick import JoystickLayout


def test_axes_by_meaning_and_reversed():
    layout = JoystickLayout.parse('x=1, y=-0,z=4 , yaw=-3')
    assert layout.values([0.1, 0.2, 0.3, 0.4, 0.5]) == [0.2, -0.1, 0.5, 0.0, 0.0, -0.4]
    assert layout.missing([0.0] * 4) == ['z']
    assert layout.values([0.1]) == [0.0, -0.1, 0.0, 0.0, 0.0, 0.0]


WRONG = ['', 'x', 'x=', 'x=one', 'forward=1', 'x=--1', 'x=1.5', 'x=1,', 'x=²', 'x=1000']


@pytest.mark.parametrize('text', WRONG)
def test_other_words_are_named(text):
    with pytest.raises(ConfigError, match='NAME=INDEX'):
        JoystickLayout.parse(text)
