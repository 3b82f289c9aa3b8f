# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from cases import CASES

from frs_ros.errors import ConfigError
from frs_ros.safety.contact import ContactLimit

LIMIT = ContactLimit(force=24.0, torque=10.0, joint_torque=16.0)
NOTHING = np.zeros(6), np.zeros(7)


def test_exactly_loads_above_a_threshold_are_contact(rng):
    touched = 0
    for _ in range(CASES['contact']):
        wrench = rng.normal(size=6) * [12, 12, 12, 4, 4, 4]
        torques = rng.normal(size=7) * 6
        if rng.random() < 0.1:
            torques[rng.integers(7)] = rng.choice([np.nan, np.inf])
        over = (
            not np.isfinite(torques).all()
            or np.sqrt((wrench[:3] ** 2).sum()) > 24
            or np.sqrt((wrench[3:] ** 2).sum()) > 10
            or np.abs(torques).max() > 16
        )
        assert bool(LIMIT.exceeded(wrench, torques)) == over
        touched += over
    assert CASES['contact'] / 5 < touched < CASES['contact'] * 4 / 5


@pytest.mark.parametrize(
    ('wrench', 'torques', 'line'),
    [
        ([0, 20, -20, 0, 0, 0], np.zeros(7), 'contact: 28.3 N on the tool, more than 24 N'),
        ([0, 0, 0, 0, 11, 0], np.zeros(7), 'contact: 11.0 Nm on the tool, more than 10 Nm'),
        (np.zeros(6), [0, 0, 0, -17, 0, 0, 0], 'contact: 17.0 Nm on joint 4, more than 16 Nm'),
        ([np.nan] * 6, np.zeros(7), 'external wrench[0] is nan'),
        (np.zeros(3), np.zeros(7), 'external wrench has shape [3], not [6]'),
    ],
)
def test_the_line_names_the_load(wrench, torques, line):
    assert LIMIT.exceeded(wrench, torques) == line


def test_no_load_is_no_contact():
    assert LIMIT.exceeded(*NOTHING) == ''


def test_the_defaults_are_below_the_reflex_of_franky():
    assert ContactLimit().force < 30
    assert ContactLimit().joint_torque < 20


@pytest.mark.parametrize('name', ['force', 'torque', 'joint_torque'])
@pytest.mark.parametrize('value', [0.0, -1.0, float('nan'), float('inf')])
def test_thresholds_must_be_positive(name, value):
    with pytest.raises(ConfigError, match=f'contact {name}'):
        ContactLimit(**{name: value})
